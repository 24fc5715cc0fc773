/** Named sets of settings, applied over the defaults. */
import { InputError } from '../math/errors.ts';
import { type Config, parseConfig } from './config.ts';

export interface Preset {
  label: string;
  help: string;
  values: Partial<Config>;
}

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
    help: 'The published recipe: everything but the two towers trains, eight answers per clip, KL 0.04.',
    values: {
      steps: 1913,
      promptsPerStep: 16,
      groupSize: 8,
      learningRate: 1e-6,
      beta: 0.04,
      lossType: 'grpo',
      maxCompletionLength: 512,
      topK: 50,
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
  'dr-grpo': {
    label: 'Dr. GRPO',
    help: 'No division by the spread and a constant divisor: removes the bias towards long wrong answers.',
    values: { lossType: 'dr_grpo', scaleRewards: 'none', beta: 0 },
  },
  dapo: {
    label: 'DAPO',
    help: 'Mean over all tokens, more room above than below the clip, no KL.',
    values: { lossType: 'dapo', epsilon: 0.2, epsilonHigh: 0.28, beta: 0, maskTruncatedCompletions: true },
  },
  gspo: {
    label: 'GSPO',
    help: 'One ratio per answer with a very narrow clip. Two passes per batch, so that the clip can fire.',
    values: {
      lossType: 'grpo',
      importanceSamplingLevel: 'sequence',
      epsilon: 3e-4,
      epsilonHigh: 4e-4,
      beta: 0,
      numIterations: 2,
    },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];

export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}

/** The defaults with a preset on top, and optional values over both. @throws InputError for an unknown name. */
export function presetConfig(name: string, over: Partial<Config> = {}): Config {
  if (!isPresetName(name)) {
    throw new InputError(`Unknown preset "${name}"; expected one of ${PRESET_NAMES.join(', ')}.`);
  }
  return parseConfig({ ...PRESETS[name].values, ...over });
}
