/** A run's settings under TRL's names, out of the table of settings. */
import { CONFIG_KEYS, type Config, type ConfigKey, defaultConfig, diffConfig, fieldOf } from './config.ts';
import { isIdleParameter } from './losses.ts';

export type TrlSettings = Readonly<Record<string, number | string | boolean | readonly number[] | object>>;

/** Told apart from the rest: rewards and adapter go elsewhere, TRL is not asked to evaluate, and it keeps all it saves. */
const ELSEWHERE: readonly ConfigKey[] = [
  ...(['rewards', 'rewardSources', 'rewardModels', 'rewardTimeLimit'] as const),
  'loraRank',
  'loraAlpha',
  'loraTargets',
  'evalEvery',
  'evalOnStart',
  'bestMetric',
  'keepCheckpoints',
  'frozenWeights',
  'chatTemplateKwargs',
];
/** What the studio has and TRL has not; they matter only where they differ from what TRL does. */
const STUDIO_ONLY: readonly ConfigKey[] = [
  'startFrom',
  'resampleRounds',
  'klEstimator',
  'klClamp',
  ...([
    'stopStrings',
    'promptPreset',
    'promptTemplate',
    'systemPrompt',
    'instruction',
    'maxPromptLength',
  ] as const),
  'frozenWeights',
  'dualClip',
  'trainVision',
  'loraVision',
  'minPixels',
  'maxPixels',
  'framesPerSecond',
  'maxFrames',
];
/** Where the studio saves only at rests, TRL saves so often. */
const SAVE_STEPS = 100;

/** Optimizer steps in so many of the studio's steps: TRL counts each pass over a batch. */
export function optimizerSteps({ numIterations }: Config, steps: number): number {
  return steps * numIterations;
}

/** Arguments of GRPOConfig. One prompt a micro-batch, so that any number of GPUs that divides the prompts keeps the batch. */
export function trlSettings(config: Config): TrlSettings {
  const named = CONFIG_KEYS.flatMap((key) => {
    const name = fieldOf(key).trl;
    const value = config[key];
    const unset = value === null || (Array.isArray(value) && value.length === 0) || isIdle(config, key);
    return name === undefined || unset || ELSEWHERE.includes(key) ? [] : [[name, value] as const];
  });
  return {
    ...(Object.fromEntries(named) as TrlSettings),
    ...(config.chatTemplateKwargs.trim() === ''
      ? {}
      : { chat_template_kwargs: JSON.parse(config.chatTemplateKwargs) as object }),
    ...(config.samplerCorrection === 'off' ? {} : { vllm_importance_sampling_correction: true }),
    max_steps: optimizerSteps(config, config.steps),
    warmup_steps: optimizerSteps(config, config.warmupSteps),
    lr_scheduler_type: scheduleName(config),
    save_steps: saveSteps(config),
    per_device_train_batch_size: config.groupSize,
    gradient_accumulation_steps: config.promptsPerStep,
  };
}

/** Settings that do nothing in this run, and are left unsaid: not every version of TRL has them. */
function isIdle({ minP, samplerCorrection, lossType }: Config, key: ConfigKey): boolean {
  if (key === 'minP') return minP === 0;
  if (key.startsWith('samplerCorrection')) return samplerCorrection === 'off';
  return isIdleParameter(lossType, key);
}

/** Optimizer steps between two checkpoints of TRL. */
export function saveSteps(config: Config): number {
  return config.checkpointEvery > 0 ? optimizerSteps(config, config.checkpointEvery) : SAVE_STEPS;
}

function scheduleName({ schedule, warmupSteps }: Config): string {
  return schedule === 'constant' && warmupSteps > 0 ? 'constant_with_warmup' : schedule;
}

/** Settings that differ from the studio's defaults and that TRL does not know, as lines for people. */
export function lostSettings(config: Config): string[] {
  return diffConfig(defaultConfig(), config)
    .filter(({ key }) => STUDIO_ONLY.includes(key))
    .map(({ key, to }) => `${key} = ${JSON.stringify(to)}`);
}
