/** Settings as a GRPOConfig, in Python and YAML, and a GRPOConfig as settings. Pure. */
import { isRewardName } from '../rewards/index.ts';
import { CONFIG_KEYS, type Config, type ConfigKey, checkField, defaultConfig, fieldOf } from './config.ts';
import type { FoundSettings } from './shared-settings.ts';
import { lostSettings, trlSettings } from './trl-settings.ts';

/** A number, text, list or object as Python writes it. */
function python(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}: ${python(each)}`)
      .join(', ')}}`;
  }
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** The settings as TRL has them: `training_args`, and `peft_config` where there is an adapter. */
export function trlPython(config: Config): string {
  const given = Object.entries(trlSettings(config)).map(([key, value]) => `    ${key}=${python(value)},`);
  const { loraRank, loraAlpha, loraTargets } = config;
  const adapter = [
    'peft_config = LoraConfig(',
    `    r=${loraRank},`,
    `    lora_alpha=${loraAlpha},`,
    '    lora_dropout=0.0,',
    `    target_modules=${python(loraTargets)},`,
    '    task_type="CAUSAL_LM",',
    ')',
  ];
  const lines = [
    ...(loraRank > 0 ? ['from peft import LoraConfig'] : []),
    'from trl import GRPOConfig',
    '',
    `# Rewards: ${config.rewards.join(', ')}. Their functions are in the rewards.py of an export.`,
    ...lostSettings(config).map((line) => `# TRL has no such setting: ${line}`),
    'training_args = GRPOConfig(',
    '    output_dir="output",',
    ...given,
    ')',
    ...(loraRank > 0 ? ['', ...adapter] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same as plain data, for a YAML file that `trl grpo --config` reads. */
export function trlValues(config: Config): Record<string, unknown> {
  const { loraRank, loraAlpha, loraTargets } = config;
  return {
    ...trlSettings(config),
    ...(loraRank > 0
      ? {
          use_peft: true,
          lora_r: loraRank,
          lora_alpha: loraAlpha,
          lora_dropout: 0,
          lora_target_modules: [...loraTargets],
        }
      : { use_peft: false }),
  };
}

const KEY_OF = new Map(
  CONFIG_KEYS.flatMap((key) => {
    const name = fieldOf(key).trl;
    return name === undefined || name.includes(' ') ? [] : [[name, key] as const];
  }),
);

/** Names that are read together with others, or in a way of their own. */
const READ_APART = [
  ...['per_device_train_batch_size', 'gradient_accumulation_steps', 'generation_batch_size'],
  ...['use_peft', 'lora_r', 'lora_alpha', 'lora_target_modules', 'reward_funcs'],
  ...['vllm_importance_sampling_correction'],
];

/** What the studio does without being told. */
const AS_HERE: Readonly<Record<string, unknown>> = { lora_dropout: 0, disable_dropout: true };

/** A GRPOConfig, or a `grpo.yaml`, as settings; every name that says nothing here is named. */
export function fromTrl(found: Readonly<Record<string, unknown>>): FoundSettings {
  const values: Partial<Record<ConfigKey, unknown>> = {};
  const refused: string[] = [];
  for (const [name, given] of Object.entries(found)) {
    if (READ_APART.includes(name) || AS_HERE[name] === given) continue;
    const key = KEY_OF.get(name);
    if (!key) {
      refused.push(`${name}: the studio has no such setting.`);
      continue;
    }
    const value = ourValue(key, given);
    if (value === undefined) continue;
    const problem = checkField(key, value);
    if (problem) refused.push(`${name}: ${problem.message}`);
    else values[key] = value;
  }
  const set = (key: ConfigKey, value: unknown, name: string) => {
    const problem = checkField(key, value);
    if (problem) refused.push(`${name}: ${problem.message}`);
    else values[key] = value;
  };
  readAdapter(found, set);
  readRewards(found, set, refused);
  if (values.samplerCorrection !== undefined && found.vllm_importance_sampling_correction === false) {
    values.samplerCorrection = 'off';
  }
  inOurSteps(values);
  readBatch(found, values, set, refused);
  return { values: values as Partial<Config>, refused };
}

type Set = (key: ConfigKey, value: unknown, name: string) => void;

/** A value of TRL's as the studio writes it; undefined where it says that nothing is said. */
function ourValue(key: ConfigKey, given: unknown): unknown {
  const { nullable, default: usual } = fieldOf(key);
  if (given === null) return nullable ? null : usual;
  if (key === 'scaleRewards' && typeof given === 'boolean') return given ? 'group' : 'none';
  if (key === 'schedule' && given === 'constant_with_warmup') return 'constant';
  if (key === 'chatTemplateKwargs' && typeof given === 'object') return JSON.stringify(given);
  // TRL's way of saying that there is none.
  if (key === 'steps' && given === -1) return undefined;
  return given;
}

function readAdapter(found: Readonly<Record<string, unknown>>, set: Set): void {
  const { use_peft: uses, lora_r: rank, lora_alpha: alpha, lora_target_modules: targets } = found;
  if (uses === false) {
    set('loraRank', 0, 'use_peft');
    set('trainDecoder', true, 'use_peft');
    return;
  }
  if (uses === true) set('trainDecoder', false, 'use_peft');
  if (rank !== undefined) set('loraRank', rank, 'lora_r');
  if (alpha !== undefined) set('loraAlpha', alpha, 'lora_alpha');
  const known = fieldOf('loraTargets').choices ?? [];
  if (targets === 'all-linear') set('loraTargets', [...known], 'lora_target_modules');
  // A bundle's are one regular expression that names the layers.
  else if (typeof targets === 'string') {
    set(
      'loraTargets',
      known.filter((layer) => namesLayer(targets, layer)),
      'lora_target_modules',
    );
  } else if (targets !== undefined) set('loraTargets', targets, 'lora_target_modules');
}

/** Whether a regular expression such as `self_attn\\.(q|k)_proj` speaks of a layer; it is never run. */
function namesLayer(pattern: string, layer: string): boolean {
  const [word = '', end = ''] = layer.split('_');
  const inGroup = [...pattern.matchAll(/\(([a-z|]+)\)_proj/g)].some(([, words = '']) =>
    words.split('|').includes(word),
  );
  return pattern.includes(layer) || (inGroup && end === 'proj');
}

function readRewards(found: Readonly<Record<string, unknown>>, set: Set, refused: string[]): void {
  const { reward_funcs: given } = found;
  if (given === undefined) return;
  const names = (Array.isArray(given) ? given : [given]).map((name) => String(name).split('.').at(-1)!);
  const foreign = names.filter((name) => !isRewardName(name));
  if (foreign.length === 0) set('rewards', names, 'reward_funcs');
  else
    refused.push(`reward_funcs: ${foreign.join(', ')} ${foreign.length === 1 ? 'is' : 'are'} not built in.`);
}

/** TRL counts each pass over a batch as a step; the studio counts batches. */
function inOurSteps(values: Partial<Record<ConfigKey, unknown>>): void {
  const iterations = Number(values.numIterations ?? 1);
  for (const key of ['steps', 'warmupSteps', 'checkpointEvery'] as const) {
    const told = values[key];
    if (typeof told === 'number')
      values[key] = Math.max(key === 'steps' ? 1 : 0, Math.round(told / iterations));
  }
}

/** TRL counts answers, the studio prompts: answers of a step on one device, by those of a prompt. */
function readBatch(
  found: Readonly<Record<string, unknown>>,
  values: Partial<Record<ConfigKey, unknown>>,
  set: Set,
  refused: string[],
): void {
  const { per_device_train_batch_size: each = 8, gradient_accumulation_steps: passes = 1 } = found;
  const named = ['per_device_train_batch_size', 'gradient_accumulation_steps', 'generation_batch_size'];
  const told = named.filter((name) => name in found);
  if (told.length === 0) return;
  const answers = Number(found.generation_batch_size ?? Number(each) * Number(passes));
  const group = Number(values.groupSize ?? defaultConfig().groupSize);
  const prompts = answers / group;
  if (Number.isInteger(prompts)) set('promptsPerStep', prompts, told.join(' × '));
  else
    refused.push(
      `${told.join(' × ')}: ${answers} answers a step are no whole number of prompts with ${group} answers each.`,
    );
}
