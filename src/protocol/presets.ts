/** Named sets of settings. */
import { InputError } from '../math/errors.ts';
import { CONFIG_KEYS, type Config, type ConfigKey, DEFAULT_QUESTION, parseConfig } from './config.ts';
import type { ModelSummary, UsualSettings } from './messages.ts';
import { objective, PAPER_PRESETS, type Preset } from './paper-presets.ts';
import { labelProblem, type RewardModelSummary } from './reward-models.ts';

export type { Preset } from './paper-presets.ts';

export const PRESETS = {
  demo: {
    label: 'Demo',
    help: 'The embedded tiny model: small enough to learn within minutes on any device.',
    values: {
      steps: 120,
      promptsPerStep: 8,
      groupSize: 8,
      learningRate: 5e-4,
      schedule: 'constant',
      beta: 0,
      maxCompletionLength: 20,
      question: 'Which emotion do face and voice show?',
      loraRank: 0,
      trainDecoder: true,
      trainProjectors: false,
    },
  },
  'r1-omni': {
    label: 'R1-Omni',
    of: 'R1-Omni',
    help: 'The published recipe: everything but the two towers trains, eight answers per clip, KL 0.04.',
    source: { paper: '2503.05379', where: 'src/r1-v/run_grpo_humanomni.sh of its code' },
    values: {
      ...objective({ lossType: 'grpo', beta: 0.04, useBiasCorrectionKl: false, topK: 50 }),
      steps: 1913,
      promptsPerStep: 16,
      groupSize: 8,
      learningRate: 1e-6,
      maxCompletionLength: 512,
      loraRank: 0,
      trainDecoder: true,
      trainProjectors: true,
      trainGate: true,
      trainBert: true,
      promptPreset: 'r1-omni',
    },
  },
  sft: {
    label: 'SFT cold start',
    of: 'R1-Omni',
    source: { paper: '2503.05379', where: 'scripts/finetune_omni_emer.sh of its code' },
    help: 'The published first stage, before R1-Omni: five rounds over 580 clips; decoder, projectors and gate imitate the labelled answers.',
    values: {
      stage: 'sft',
      steps: 185,
      promptsPerStep: 16,
      learningRate: 2e-5,
      schedule: 'cosine',
      warmupSteps: 6,
      weightDecay: 0,
      maxGradNorm: 1,
      loraRank: 0,
      trainDecoder: true,
      trainProjectors: true,
      trainGate: true,
      trainBert: false,
    },
  },
  ...PAPER_PRESETS,
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];

/** The presets that a model is offered; all of them before one is open. */
export function presetsFor(model: Pick<ModelSummary, 'usual'> | undefined): PresetName[] {
  return PRESET_NAMES.filter((name) => {
    const { of }: Preset = PRESETS[name];
    return !model || of === undefined || of === model.usual;
  });
}

export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}

/** Whether a preset is an objective to be laid over what is there, and no whole form. */
export const isLaidOver = (name: PresetName): boolean => Object.hasOwn(PAPER_PRESETS, name);

/** What a preset sets; with the model where it brings a reward that is one. */
export function presetValues(
  name: PresetName,
  model?: Pick<Config['rewardModels'][number], 'model' | 'identity'>,
): Partial<Config> {
  const { values, scorer }: Preset = PRESETS[name];
  if (!scorer || !model) return values;
  const { identity } = model;
  return {
    ...values,
    rewards: [...(values.rewards ?? []), scorer.name],
    rewardModels: [{ name: scorer.name, model: model.model, identity, mapping: { ...scorer.mapping } }],
  };
}

/** The first of the models that has every label which a preset's reward names; undefined where none has, or the preset brings none. */
export function scorerFor(
  name: PresetName,
  models: readonly RewardModelSummary[],
): RewardModelSummary | undefined {
  const { scorer }: Preset = PRESETS[name];
  return scorer && models.find(({ labels }) => labelProblem(scorer.mapping, labels) === undefined);
}

/** The defaults with a preset on top, and optional values over both. @throws InputError for an unknown name. */
export function presetConfig(name: string, over: Partial<Config> = {}): Config {
  if (!isPresetName(name)) {
    throw new InputError(`Unknown preset "${name}"; expected one of ${PRESET_NAMES.join(', ')}.`);
  }
  return parseConfig({ ...PRESETS[name].values, ...over });
}

/** What settings follow: those that suit the model that is open, and whether it is the embedded demo. */
export type ModelKind = Pick<ModelSummary, 'usual' | 'demo'>;
/** Names the settings of a kind of model, for what is kept of them from visit to visit. */
export type SettingsKey = 'demo' | ModelSummary['family'];

/**
 * R1-Omni's published objective (question, answer form, group, KL, length), on LoRA at ten times the published learning rate,
 * since its own full-weight training takes 14 GiB at 0.5B. One prompt serves training and inference.
 */
const OWN_MODEL: Partial<Config> = {
  groupSize: 8,
  promptsPerStep: 8,
  maxCompletionLength: 512,
  temperature: 1,
  lossType: 'grpo',
  beta: 0.04,
  useBiasCorrectionKl: false,
  learningRate: 1e-5,
  loraRank: 16,
  trainDecoder: false,
  promptPreset: 'canonical',
  question: DEFAULT_QUESTION,
};

/** Settings of a kind of model, and what they are in a few words. */
interface KindSettings {
  readonly words: string;
  readonly values: Partial<Config>;
}

/** Settings by what is open. */
const BY_KIND: Readonly<Record<UsualSettings | 'demo', KindSettings>> = {
  demo: { words: 'small and quick', values: PRESETS.demo.values },
  'R1-Omni': {
    words: "R1-Omni's question, answer form and KL; LoRA instead of all weights",
    // As Hugging Face samples where nothing else is said.
    values: { ...OWN_MODEL, topK: 50 },
  },
  /** R1-Omni's trainer for Qwen2-VL has the same defaults. */
  clips: { words: "R1-Omni's question, answer form and KL; LoRA of the decoder", values: OWN_MODEL },
  text: {
    words: "each row's question with R1-Omni's answer form and KL; LoRA of the decoder",
    values: OWN_MODEL,
  },
};

export const settingsKeyOf = ({ family, demo }: Pick<ModelSummary, 'family' | 'demo'>): SettingsKey =>
  demo ? 'demo' : family;

const kindSettings = ({ usual, demo }: ModelKind): KindSettings => BY_KIND[demo ? 'demo' : usual];

/** What the settings of this kind of model are, in a few words. */
export const settingsWords = (kind: ModelKind): string => kindSettings(kind).words;

/** The settings for a model that nobody has chosen any for, with optional values over them. @throws InputError */
export function settingsFor(kind: ModelKind, over: Partial<Config> = {}): Config {
  return parseConfig({ ...kindSettings(kind).values, ...over });
}

/** Every setting that some kind of model or some preset sets. */
export const PRESET_KEYS: readonly ConfigKey[] = CONFIG_KEYS.filter((key) =>
  [...Object.values(PRESETS), ...Object.values(BY_KIND)].some(({ values }) => Object.hasOwn(values, key)),
);
