/** `--rewardModel`, `--rewardMapping`, `--rewardName`: models that score answers, and how what they say is read. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InputError } from '../math/errors.ts';
import type { Config } from '../protocol/config.ts';
import { PRESETS, type Preset, type PresetName } from '../protocol/presets.ts';
import { MAPPING_NAMES, namedMapping, parseMapping, rewardNameOf } from '../protocol/reward-models.ts';
import type { StudioSession } from './headless.ts';

type RewardModel = Config['rewardModels'][number];
type RewardMapping = ReturnType<typeof parseMapping>;

/** A model that scores, as the command line names it. */
export interface NamedScorer {
  readonly folder: string;
  readonly name: string;
  readonly mapping: RewardMapping;
}

export const REWARD_MODEL_USAGE = `  --rewardModel DIR
                a sequence classifier that scores answers; alone it is the only reward, beside --rewards one more. Named several
                times, several. With --resume: its folder, where it is no longer where the run had it
  --rewardMapping HOW
                of the model named last: ${MAPPING_NAMES.join(', ')} (its first logit, of prompt and answer; ERV's share of
                sentences that agree, beside accuracy and format), a JSON file, or the JSON itself: what it reads (text), what
                logits go through (activation), which label counts, threshold and topK, mean or share (take)
  --rewardName NAME
                of the model named last: what the run calls it; else its folder's name\n`;

interface Scorer {
  folder: string;
  name?: string;
  mapping?: RewardMapping;
  isErv?: boolean;
}

/** What the flags have said so far. */
export interface ScorerFlags {
  readonly scorers: Scorer[];
}

/** ERV's own name for its reward. */
const ERV_NAME = PRESETS.erv.scorer.name;

/** Takes a flag with its value; false where it is none of these. @throws InputError */
export function takeScorerFlag(
  { scorers }: ScorerFlags,
  flag: string,
  value: string | undefined,
  folder: (value: string | undefined, flag: string) => string,
): boolean {
  if (flag === '--rewardModel') {
    scorers.push({ folder: folder(value, flag) });
    return true;
  }
  if (flag !== '--rewardMapping' && flag !== '--rewardName') return false;
  const last = scorers.at(-1);
  if (!last) throw new InputError(`${flag} speaks of the model named before it: add --rewardModel DIR.`);
  if (value === undefined || value.startsWith('--')) throw new InputError(`${flag} needs a value.`);
  if (flag === '--rewardName') last.name = value;
  else {
    last.mapping = mappingOf(value);
    last.isErv = value === 'erv';
  }
  return true;
}

function mappingOf(value: string): RewardMapping {
  const named = namedMapping(value);
  if (named) return named;
  const isFile = existsSync(value);
  if (!isFile && !value.trimStart().startsWith('{')) {
    throw new InputError(
      `--rewardMapping is ${value}; expected ${MAPPING_NAMES.join(', ')}, a JSON file or a JSON object, and there is no such file.`,
    );
  }
  const where = isFile ? value : '--rewardMapping';
  const json = jsonOf(isFile ? readFileSync(value, 'utf8') : value, where);
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return parseMapping(json as Record<string, unknown>, where);
  throw new InputError(`${where} is ${JSON.stringify(json)}; expected an object.`);
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${where} is no JSON: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    });
  }
}

/** Every model with its name and mapping; the first that has none is read as the preset says. @throws InputError where a preset lacks its model */
export function namedScorers({ scorers }: ScorerFlags, preset?: PresetName): NamedScorer[] {
  const { scorer }: Preset = preset ? PRESETS[preset] : { label: '', help: '', values: {} };
  if (scorer && scorers.length === 0) {
    throw new InputError(`--preset ${preset} needs a model that scores: add --rewardModel DIR.`);
  }
  const bare = scorers.find(({ mapping }) => mapping === undefined);
  return scorers.map((each) => named(each === bare && scorer ? { ...scorer, ...each } : each));
}

const named = ({ folder, name, mapping = parseMapping({}), isErv = false }: Scorer): NamedScorer => ({
  folder,
  name: name ?? (isErv ? ERV_NAME : rewardNameOf(basename(folder))),
  mapping,
});

/**
 * What the models add to the settings named on the command line: the models, and their names among the rewards; these are the only
 * ones where no others are named, but for ERV's, which stands beside accuracy and format.
 */
export function scorerSettings(
  models: readonly RewardModel[],
  { rewards, rewardModels = [] }: Partial<Config>,
): Partial<Config> {
  if (models.length === 0) return {};
  const names = models.map(({ name }) => name);
  const beside = names.includes(ERV_NAME) ? ['accuracy', 'format'] : [];
  const named = rewards ?? beside;
  return {
    rewardModels: [...rewardModels, ...models],
    rewards: [...named, ...names.filter((name) => !named.includes(name))],
  };
}

/** Settings that can be judged before the models are open: without their names among the rewards. */
export function withoutScorers(values: Partial<Config>, scorers: readonly NamedScorer[]): Partial<Config> {
  if (scorers.length === 0) return values;
  const { rewards, rewardWeights: _, ...rest } = values;
  const others = rewards?.filter((name) => !scorers.some((each) => each.name === name));
  return { ...rest, ...(others ? { rewards: others } : {}) };
}

/** Opens the folders; what each run then calls a reward model. @throws InputError */
export async function openScorers(
  session: Pick<StudioSession, 'openFolder'>,
  scorers: readonly NamedScorer[],
  say: (line: string) => void,
): Promise<RewardModel[]> {
  const models: RewardModel[] = [];
  for (const { folder, name, mapping } of scorers) {
    const events = await session.openFolder('openRewardModel', folder);
    const answer = events.find((event) => event.type === 'openRewardModel');
    if (!answer) throw new Error(`openScorers: ${folder} was opened without an answer.`);
    const { identity, labels, type, notes } = answer.model;
    say(`reward ${name}: ${folder} (${type}, ${labels.length} label${labels.length > 1 ? 's' : ''})`);
    for (const note of notes) say(note);
    models.push({ name, model: folder, identity, mapping: { ...mapping } });
  }
  return models;
}

/** Models of a run that is gone on with: those named again, and those whose folders are still where the run had them. */
export function scorersToResume(
  named: readonly NamedScorer[],
  { rewards, rewardModels }: Pick<Config, 'rewards' | 'rewardModels'>,
): NamedScorer[] {
  const kept = rewardModels
    .filter(({ name, model }) => rewards.includes(name) && existsSync(model))
    .filter(({ name }) => !named.some((each) => each.name === name))
    .map(({ name, model, mapping }) => ({ folder: model, name, mapping: parseMapping(mapping) }));
  return [...named, ...kept];
}
