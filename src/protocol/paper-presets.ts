/**
 * Published recipes as far as the settings express them. Each says every setting of the objective and of sampling, so that what
 * an earlier recipe left is no part of it; what trains, how long answers may be and what is asked stay as they are.
 */
import { MAPPINGS, type RewardMapping } from '../rewards/model-mapping.ts';
import { type Config, type ConfigKey, defaultConfig } from './config.ts';
import type { UsualSettings } from './models.ts';
import type { PaperId } from './papers.ts';

/** A named set of settings. */
export interface Preset {
  label: string;
  help: string;
  /** The kind of model whose published recipe it is; absent for any. */
  of?: UsualSettings;
  values: Partial<Config>;
  /** A reward that a model is, which whoever chooses the preset brings: what the run calls it, and how it is read. */
  scorer?: { readonly name: string; readonly mapping: RewardMapping };
  /** Where the values stand: a paper, and its section or the file of its code. */
  source?: { readonly paper: PaperId; readonly where: string };
  /** What the recipe has and the studio has not. */
  lacks?: readonly string[];
  /** What the recipe says and the preset leaves as it is: it is for other devices, or other rewards. */
  leaves?: readonly string[];
}

/** What a recipe of an objective speaks of. */
const METHOD_KEYS = [
  ...(['stage', 'numIterations', 'resampleRounds', 'lossType', 'importanceSamplingLevel'] as const),
  ...(['epsilon', 'epsilonHigh', 'delta', 'dualClip', 'topEntropyQuantile'] as const),
  ...(['maskTruncatedCompletions', 'offPolicyMaskThreshold', 'entropyCoef'] as const),
  ...(['sapoTemperaturePos', 'sapoTemperatureNeg'] as const),
  ...(['vespoKPos', 'vespoLambdaPos', 'vespoKNeg', 'vespoLambdaNeg'] as const),
  ...(['samplerCorrection', 'samplerCorrectionMin', 'samplerCorrectionMax'] as const),
  ...(['beta', 'klEstimator', 'klClamp', 'useBiasCorrectionKl'] as const),
  ...(['scaleRewards', 'multiObjectiveAggregation'] as const),
  ...(['temperature', 'topK', 'topP', 'minP', 'repetitionPenalty'] as const),
] satisfies readonly ConfigKey[];

const DEFAULTS = defaultConfig();
const PLAIN: Partial<Config> = Object.fromEntries(METHOD_KEYS.map((key) => [key, DEFAULTS[key]]));

/** The whole objective of a recipe: what it says, and the defaults, which are TRL's, where it is silent. */
export const objective = (said: Partial<Config>): Partial<Config> => ({ ...PLAIN, ...said });

const SLICES =
  'several updates on slices of one rollout; with one pass per batch the ratio is 1 and the clip never fires';
const TWO_PASSES = 'four updates on quarters of a rollout; two passes over all of it take their place';
const FULL_WEIGHTS = 'training of every weight';

const DAPO: Partial<Config> = {
  lossType: 'dapo',
  epsilon: 0.2,
  epsilonHigh: 0.28,
  beta: 0,
  maskTruncatedCompletions: true,
  groupSize: 16,
  resampleRounds: 10,
};
const DAPO_LEAVES = [
  '512 prompts a step and answers of 20480 tokens',
  'the reward soft_overlong with a stretch of 4096 tokens',
  FULL_WEIGHTS,
];

export const PAPER_PRESETS = {
  'dr-grpo': {
    label: 'Dr. GRPO',
    help: 'No division by the spread and a constant divisor: removes the bias towards long wrong answers.',
    source: { paper: '2503.20783', where: 'the training script of its code' },
    values: objective({ lossType: 'dr_grpo', scaleRewards: 'none', beta: 0, groupSize: 8 }),
    leaves: ['answers of 3000 tokens', FULL_WEIGHTS],
  },
  erv: {
    label: 'ERV',
    help: 'Accuracy, format, and the share of sentences of the thinking whose emotion agrees with the label, as a classifier of emotions reads them.',
    source: { paper: '2510.23506', where: 'src/r1-v/run_grpo_ERV.sh of its code' },
    values: {
      ...objective({ lossType: 'grpo', beta: 0.04, useBiasCorrectionKl: false, topK: 50 }),
      ...{ rewards: ['accuracy', 'format'], rewardWeights: [] },
      ...{ groupSize: 4, promptsPerStep: 16, learningRate: 1e-6, maxCompletionLength: 512 },
    },
    scorer: { name: 'think_step', mapping: MAPPINGS.erv },
    leaves: ["each row's own problem as the prompt (erv)", 'training of all but the two towers'],
  },
  dapo: {
    label: 'DAPO',
    help: 'Mean over all tokens, more room above than below the clip, no KL, answers cut short do not train, clips without signal are replaced in up to ten rounds, as in its code.',
    source: { paper: '2503.14476', where: 'section 4.1' },
    values: objective(DAPO),
    lacks: [SLICES],
    leaves: DAPO_LEAVES,
  },
  gspo: {
    label: 'GSPO',
    help: 'One ratio per answer with a very narrow clip. Two passes per batch, so that the clip can fire.',
    source: { paper: '2507.18071', where: 'section 5.1' },
    values: objective({
      ...{ lossType: 'grpo', importanceSamplingLevel: 'sequence', beta: 0 },
      ...{ epsilon: 3e-4, epsilonHigh: 4e-4, numIterations: 2 },
    }),
    lacks: [TWO_PASSES],
  },
  deepseekmath: {
    label: 'DeepSeekMath',
    help: 'GRPO as it was first published: 64 answers per prompt, mean per answer first, KL 0.04, one update per batch.',
    source: { paper: '2402.03300', where: 'section 4.2' },
    values: {
      ...objective({ lossType: 'grpo', beta: 0.04, useBiasCorrectionKl: false }),
      ...{ groupSize: 64, promptsPerStep: 16, maxCompletionLength: 1024, learningRate: 1e-6 },
    },
    lacks: ['a reward model that is trained on between rounds', 'rewards of single steps of the thinking'],
    leaves: [FULL_WEIGHTS],
  },
  'deepseek-r1': {
    label: 'DeepSeek-R1',
    help: 'A weak pull to the start (KL 0.001) and a clip so wide that it hardly fires; 16 answers per prompt.',
    source: { paper: '2501.12948', where: "as TRL's index of papers has it" },
    values: objective({
      ...{ lossType: 'grpo', beta: 0.001, useBiasCorrectionKl: false, epsilon: 10, groupSize: 16 },
    }),
    lacks: ['16 updates on slices of one rollout', 'a reference that is replaced as the run goes on'],
    leaves: ['32 prompts a step and answers of 32768 tokens', FULL_WEIGHTS],
  },
  scalerl: {
    label: 'CISPO (ScaleRL)',
    help: 'The ratio as a weight that is cut at 5 and never clips a token away; advantages by the spread of the whole batch.',
    source: { paper: '2510.13786', where: "as TRL's index of papers has it; the loss is of 2506.13585" },
    values: objective({
      ...{ lossType: 'cispo', epsilonHigh: 5, scaleRewards: 'batch', beta: 0, groupSize: 16 },
    }),
    lacks: [
      'steps that overlap with sampling (PipelineRL)',
      'prompts that are solved drawn no more',
      'a mean per prompt first',
      'thinking that is ended by force',
    ],
    leaves: [FULL_WEIGHTS],
  },
  sapo: {
    label: 'SAPO',
    help: 'A soft gate in place of the clip, steeper for bad answers. Two passes per batch, so that the gate can act.',
    source: { paper: '2511.20347', where: "as TRL's index of papers has it" },
    values: objective({
      ...{ lossType: 'sapo', sapoTemperaturePos: 1, sapoTemperatureNeg: 1.05 },
      ...{ scaleRewards: 'group', beta: 0, numIterations: 2 },
    }),
    lacks: [TWO_PASSES],
  },
  gdpo: {
    label: 'GDPO',
    help: 'Each reward is normalised by itself before they are added, so that none drowns in another. Acts where there are several.',
    source: { paper: '2601.05242', where: "as TRL's index of papers has it" },
    values: objective({ multiObjectiveAggregation: 'normalize_then_sum' }),
    lacks: ['rewards that count only where another one is earned'],
  },
  'intellect-2': {
    label: 'INTELLECT-2',
    help: 'The ratio is capped on both sides (δ 4), a weak pull to the start, a very small learning rate.',
    source: { paper: '2505.07291', where: 'section 4.1' },
    values: {
      ...objective({ delta: 4, epsilon: 0.2, beta: 0.001, useBiasCorrectionKl: false }),
      ...{ groupSize: 16, learningRate: 3e-7 },
    },
    lacks: ['answers of a policy some steps old', SLICES],
    leaves: [FULL_WEIGHTS],
  },
  '80-20': {
    label: '80/20',
    help: 'DAPO, on the fifth of the tokens that is the most uncertain.',
    source: { paper: '2506.01939', where: 'section 5.2' },
    values: objective({ ...DAPO, topEntropyQuantile: 0.2 }),
    lacks: [SLICES],
    leaves: DAPO_LEAVES,
  },
  luspo: {
    label: 'LUSPO',
    help: 'GSPO with each answer weighed by its length, so that long ones lose nothing. Two passes per batch, so that the clip can fire.',
    source: { paper: '2602.05261', where: 'section 5.1' },
    values: objective({
      ...{ lossType: 'luspo', importanceSamplingLevel: 'sequence', beta: 0 },
      ...{ epsilon: 2e-3, epsilonHigh: 2.5e-3, numIterations: 2 },
    }),
    lacks: [TWO_PASSES],
  },
  vespo: {
    label: 'VESPO',
    help: 'One soft weight per answer in place of the clip, which falls on either side of 1. Two passes per batch, so that it can act.',
    source: { paper: '2602.10693', where: 'section 3.4' },
    values: objective({
      ...{ lossType: 'vespo', vespoKPos: 2, vespoLambdaPos: 3, vespoKNeg: 3, vespoLambdaNeg: 2 },
      ...{ samplerCorrection: 'token_truncate', beta: 0, numIterations: 2 },
    }),
    lacks: ['updates on answers of a policy many steps old; two passes over a batch take their place'],
  },
  'lite-ppo': {
    label: 'Lite PPO',
    help: 'Two tricks alone: advantages by the spread of the whole batch, and the mean over all tokens.',
    source: { paper: '2508.08221', where: "as TRL's index of papers has it" },
    values: objective({
      ...{ lossType: 'dapo', scaleRewards: 'batch', beta: 0, numIterations: 1, groupSize: 8 },
      ...{ topP: 0.99, topK: 100, temperature: 0.99 },
    }),
    lacks: [SLICES],
    leaves: ['128 prompts a rollout', FULL_WEIGHTS],
  },
} as const satisfies Record<string, Preset>;
