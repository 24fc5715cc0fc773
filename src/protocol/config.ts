/** A run's settings: the type and its defaults out of the table, judged at the door, compared with one another. */
import { InputError } from '../math/errors.ts';
import { REWARD_NAMES, REWARD_PARAMETERS } from '../rewards/index.ts';
import { CONFIG_FIELDS } from './config-table.ts';
import type { Field } from './fields.ts';
import { parseMapping } from './reward-models.ts';
import { z } from './shapes.ts';

export * from './config-table.ts';
export type { Field } from './fields.ts';
export { FIELD_GROUPS } from './fields.ts';

type FieldValue<F> = F extends Field<infer T> ? T : never;
export type ConfigKey = keyof typeof CONFIG_FIELDS;
export type Config = { [K in ConfigKey]: FieldValue<(typeof CONFIG_FIELDS)[K]> };

export type { LossType } from './losses.ts';
export type KlEstimator = Config['klEstimator'];

export const CONFIG_KEYS = Object.keys(CONFIG_FIELDS) as ConfigKey[];

/** Settings that a row's prompt is made of: its words, and what is shown with them. */
export const PROMPT_KEYS: readonly ConfigKey[] = CONFIG_KEYS.filter((key) =>
  ['Prompt', 'Pictures and videos'].includes(CONFIG_FIELDS[key].group),
);

/** What is wrong with one field. */
export interface ConfigProblem {
  field: ConfigKey;
  message: string;
  hint?: string;
}

/** A field's row, whatever the type of its value. */
export function fieldOf(key: ConfigKey): Field {
  return CONFIG_FIELDS[key] as Field;
}

export function isConfigKey(key: string): key is ConfigKey {
  return Object.hasOwn(CONFIG_FIELDS, key);
}

/** A fresh config with every default. */
export function defaultConfig(): Config {
  return Object.fromEntries(CONFIG_KEYS.map((key) => [key, fieldOf(key).default])) as Config;
}

/** Judges one value against its row; undefined when it is fine. */
export function checkField(key: ConfigKey, value: unknown): ConfigProblem | undefined {
  const field = fieldOf(key);
  if (field.schema.safeParse(value).success) return undefined;
  return { field: key, message: `${key} is ${show(value)}; expected ${field.expected}.` };
}

/** Everything wrong with a complete config: each field by itself first, then fields against each other. */
export function checkConfig(config: Config): ConfigProblem[] {
  const single = CONFIG_KEYS.flatMap((key) => checkField(key, config[key]) ?? []);
  return single.length > 0 ? single : checkTogether(config);
}

const isSettings = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A complete config, each field by itself. */
export const wholeConfig = z.custom<Config>(
  (value) => isSettings(value) && CONFIG_KEYS.every((key) => !checkField(key, value[key])),
  'expected a complete config',
);

/** Some settings, to be laid over a config. */
export const changedSettings = z.custom<Partial<Config>>(
  (value) =>
    isSettings(value) && Object.entries(value).every(([key, to]) => isConfigKey(key) && !checkField(key, to)),
  'expected settings',
);

/**
 * A config from untrusted input: missing fields take their defaults.
 * @throws InputError naming the field, what was found and what is expected.
 */
export function parseConfig(input: unknown): Config {
  if (!isSettings(input)) {
    throw new InputError(`The config is ${show(input)}; expected an object of settings.`);
  }
  const config: Record<string, unknown> = defaultConfig();
  for (const [key, value] of Object.entries(input)) {
    if (!isConfigKey(key)) throw unknownSetting(key);
    if (value !== undefined) config[key] = value;
  }
  const problem = checkConfig(config as Config)[0];
  if (problem) throw new InputError(problem.message, { hint: problem.hint });
  return config as Config;
}

/** The fields in which two configs differ, in the table's order. */
export function diffConfig(
  a: Config,
  b: Config,
): { key: ConfigKey; label: string; from: unknown; to: unknown }[] {
  return CONFIG_KEYS.filter((key) => !sameValue(a[key], b[key])).map((key) => ({
    key,
    label: fieldOf(key).label,
    from: a[key],
    to: b[key],
  }));
}

/** An InputError for a name that is not in the table, with the nearest name as the hint. */
function unknownSetting(name: string): InputError {
  const plain = (word: string) => word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const nearest = CONFIG_KEYS.find(
    (key) => plain(key) === plain(name) || plain(fieldOf(key).trl ?? '') === plain(name),
  );
  const hint = nearest ? `Did you mean ${nearest}?` : `The settings are ${CONFIG_KEYS.join(', ')}.`;
  return new InputError(`Unknown setting "${name}".`, { hint });
}

/** Characters of a value that an error message shows. */
const MOST_SHOWN = 200;

/** A value as an error message shows it. */
function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  if (value === undefined) return 'missing';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function sameValue(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || JSON.stringify(a) === JSON.stringify(b);
}

/** Every reward that a run with these settings can name, the built-in ones first. */
export function knownRewards({
  rewardSources,
  rewardModels,
}: Pick<Config, 'rewardSources' | 'rewardModels'>): string[] {
  return [...REWARD_NAMES, ...[...rewardSources, ...rewardModels].map(({ name }) => name)];
}

/** Each name is that of one reward, and each reward that is named is there. */
function rewardProblems(config: Config): ConfigProblem[] {
  const known = knownRewards(config);
  const twice = known.find((name, index) => known.indexOf(name) !== index);
  if (twice !== undefined) {
    const field = config.rewardModels.some(({ name }) => name === twice) ? 'rewardModels' : 'rewardSources';
    const message = `${field} names "${twice}", which is the name of another reward; expected a name of its own.`;
    return [{ field, message, hint: 'Give it another name.' }];
  }
  const missing = config.rewards.find((name) => !known.includes(name));
  if (missing === undefined) return [...mappingProblems(config), ...parameterProblems(config)];
  const message = `rewards names "${missing}"; expected some of ${known.join(', ')}.`;
  return [{ field: 'rewards', message, hint: 'Choose one of these, or add a reward of that name.' }];
}

/** How models that count are read. */
function mappingProblems({ rewards, rewardModels }: Config): ConfigProblem[] {
  return rewardModels
    .filter(({ name }) => rewards.includes(name))
    .flatMap(({ name, mapping }) => {
      const problem = problemIn(() => parseMapping(mapping, `The mapping of the reward ${name}`));
      return problem
        ? [{ field: 'rewardModels' as const, message: problem.message, hint: problem.hint }]
        : [];
    });
}

/** Texts that are settings of rewards, as far as these are chosen: patterns, schemas. */
function parameterProblems(config: Config): ConfigProblem[] {
  return REWARD_PARAMETERS.flatMap((row) => {
    if (row.kind !== 'text' || !config.rewards.includes(row.reward)) return [];
    const problem = problemIn(() => row.check?.(String(config[row.key])));
    return problem ? [{ field: row.key, message: `${row.key}: ${problem.message}`, hint: problem.hint }] : [];
  });
}

/** What a check throws where it refuses; undefined where it does not. */
function problemIn(check: () => void): InputError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** Rules that need two fields. */
function checkTogether(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { rewards, rewardWeights, loraRank, loraTargets } = config;
  if (config.stage === 'grpo' && rewards.length === 0) {
    problems.push({ field: 'rewards', message: 'rewards is empty; expected at least one reward for GRPO.' });
  }
  if (rewardWeights.length > 0 && rewardWeights.length !== rewards.length) {
    const message = `rewardWeights has ${rewardWeights.length} numbers; expected ${rewards.length}, one per reward (${rewards.join(', ')}), or none.`;
    problems.push({ field: 'rewardWeights', message });
  }
  problems.push(...rewardProblems(config));
  if (rewards.includes('soft_overlong') && config.softPunishCache > config.maxCompletionLength) {
    const message = `softPunishCache is ${config.softPunishCache}; expected at most maxCompletionLength, which is ${config.maxCompletionLength}.`;
    problems.push({
      field: 'softPunishCache',
      message,
      hint: 'Shorten the stretch, or raise the longest answer.',
    });
  }
  if (loraRank > 0 && loraTargets.length === 0 && !config.loraVision) {
    problems.push({
      field: 'loraTargets',
      message: `loraTargets is empty; expected at least one linear layer with loraRank ${loraRank}.`,
      hint: 'Choose layers, or set loraRank to 0.',
    });
  }
  if (loraRank > 0 && config.trainDecoder) {
    problems.push({
      field: 'trainDecoder',
      message: `trainDecoder is true and loraRank is ${loraRank}; expected one of the two ways of training the decoder.`,
      hint: 'Set loraRank to 0, or trainDecoder to false.',
    });
  }
  if (config.minPixels > config.maxPixels) {
    problems.push({
      field: 'minPixels',
      message: `minPixels is ${config.minPixels}; expected at most maxPixels, which is ${config.maxPixels}.`,
    });
  }
  if (config.loraVision && loraRank === 0) {
    problems.push({
      field: 'loraVision',
      message: 'loraVision is true and loraRank is 0; expected a rank for the adapter on the vision tower.',
      hint: 'Set a LoRA rank, or train the whole tower: trainVision.',
    });
  }
  if (config.loraVision && config.trainVision) {
    problems.push({
      field: 'trainVision',
      message:
        'trainVision and loraVision are true; expected one of the two ways of training the vision tower.',
      hint: 'Switch one of them off.',
    });
  }
  const { trainDecoder, trainProjectors, trainGate, trainBert, trainVision } = config;
  const parts = [trainDecoder, trainProjectors, trainGate, trainBert, trainVision];
  if (loraRank === 0 && !parts.includes(true)) {
    problems.push({
      field: 'loraRank',
      message: 'loraRank is 0 and no other part trains; expected something to train.',
      hint: 'Set a LoRA rank, or switch on the decoder, the vision tower, the projectors, the gate or BERT.',
    });
  }
  return problems;
}
