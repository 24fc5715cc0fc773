/** Settings of what is optimised: rewards, the loss, and the pull back to the start. */
import { REWARD_NAMES, REWARDS } from '../rewards/index.ts';
import { choice, flag, float, floatOrNull, int, list, numbers } from './fields.ts';
import { capFields, clipFields, sapoFields, vespoFields } from './loss-parameters.ts';
import { LOSS_TYPES, LOSSES } from './losses.ts';

const IMPORTANCE_LEVELS = ['token', 'sequence'] as const;
const KL_ESTIMATORS = ['k1', 'k2', 'k3'] as const;
/** What corrects for a sampler that reports other log-probabilities than the trainer computes; TRL's modes. */
const SAMPLER_CORRECTIONS = [
  'off',
  'token_truncate',
  'token_mask',
  'sequence_truncate',
  'sequence_mask',
] as const;
const REWARD_SCALES = ['group', 'batch', 'none'] as const;
const AGGREGATIONS = ['sum_then_normalize', 'normalize_then_sum'] as const;
export const rewardFields = {
  rewards: list({
    choices: REWARD_NAMES,
    default: ['accuracy', 'format'],
    group: 'Rewards',
    label: 'Rewards',
    trl: 'reward_funcs',
    help: `What earns a point. ${REWARD_NAMES.map((name) => `${name}: ${REWARDS[name].help}.`).join(' ')}`,
  }),
  rewardWeights: numbers({
    default: [],
    group: 'Rewards',
    label: 'Reward weights',
    trl: 'reward_weights',
    help: 'One number per reward, in the same order. Empty = 1 for each.',
  }),
  softPunishCache: int({
    default: 0,
    min: 0,
    max: 8192,
    unit: 'tokens',
    group: 'Rewards',
    label: 'Stretch of soft_overlong',
    help: 'soft_overlong falls from 0 to -1 over so many tokens before the longest answer. 0 = a fifth of it.',
  }),
  repetitionNgram: int({
    default: 3,
    min: 1,
    max: 100,
    unit: 'words',
    group: 'Rewards',
    label: 'Repeated words in a row',
    help: 'repetition counts groups of so many words that occur again. Fewer words punish more.',
  }),
  repetitionMaxPenalty: float({
    default: 1,
    min: 0,
    max: 100,
    group: 'Rewards',
    label: 'Largest repetition penalty',
    help: 'repetition is minus this, times the share of groups of words that occurred before.',
  }),
  scaleRewards: choice({
    choices: REWARD_SCALES,
    default: 'group',
    group: 'Rewards',
    label: 'Scale rewards by',
    trl: 'scale_rewards',
    help: 'Divide the advantage by the spread of its group, of the whole batch, or not at all (Dr. GRPO).',
  }),
  multiObjectiveAggregation: choice({
    choices: AGGREGATIONS,
    default: 'sum_then_normalize',
    group: 'Rewards',
    label: 'Combine rewards',
    trl: 'multi_objective_aggregation',
    help: 'Sum the rewards and then normalise, or normalise each reward first (GDPO).',
  }),
};

export const lossFields = {
  lossType: choice({
    choices: LOSS_TYPES,
    default: 'dapo',
    group: 'Loss',
    essential: true,
    label: 'Loss',
    trl: 'loss_type',
    help: `How tokens are weighed. ${LOSS_TYPES.map((name) => `${name}: ${LOSSES[name].help}.`).join(' ')}`,
  }),
  importanceSamplingLevel: choice({
    choices: IMPORTANCE_LEVELS,
    default: 'token',
    group: 'Loss',
    label: 'Ratio per',
    trl: 'importance_sampling_level',
    help: 'Compare new and old probability token by token, or once for the whole answer (GSPO).',
  }),
  ...clipFields,
  ...capFields,
  topEntropyQuantile: float({
    default: 1,
    min: 0,
    max: 1,
    group: 'Loss',
    label: 'Share of uncertain tokens',
    trl: 'top_entropy_quantile',
    help: 'Train only on this share of tokens, the most uncertain first. 1 = all tokens.',
  }),
  maskTruncatedCompletions: flag({
    default: false,
    group: 'Loss',
    label: 'Ignore answers cut short',
    trl: 'mask_truncated_completions',
    help: 'Answers that never reached an end token do not train.',
  }),
  offPolicyMaskThreshold: floatOrNull({
    default: null,
    min: 0,
    max: 100,
    unit: 'nats',
    group: 'Loss',
    label: 'Off-policy mask',
    trl: 'off_policy_mask_threshold',
    help: 'Drop bad answers whose mean log-probability moved further than this. Empty = off.',
  }),
  entropyCoef: float({
    default: 0,
    min: 0,
    max: 10,
    group: 'Loss',
    label: 'Variety bonus',
    trl: 'entropy_coef',
    help: 'Rewards uncertainty (entropy) in the loss. 0 = off.',
  }),
  ...sapoFields,
  ...vespoFields,
  samplerCorrection: choice({
    choices: SAMPLER_CORRECTIONS,
    default: 'off',
    group: 'Loss',
    label: 'Sampler correction',
    trl: 'vllm_importance_sampling_mode',
    help: 'Weighs tokens, or whole answers, by how much likelier the trainer finds them than the sampler did; beyond the limits the weight is cut (truncate) or becomes 0 (mask). The two agree here but for rounding.',
  }),
  samplerCorrectionMin: floatOrNull({
    default: null,
    min: 0,
    max: 1,
    group: 'Loss',
    label: 'Sampler correction, least',
    trl: 'vllm_importance_sampling_clip_min',
    help: 'Least weight of the sampler correction. Empty = no limit.',
  }),
  samplerCorrectionMax: floatOrNull({
    default: 3,
    min: 1,
    max: 1000,
    group: 'Loss',
    label: 'Sampler correction, most',
    trl: 'vllm_importance_sampling_clip_max',
    help: 'Largest weight of the sampler correction. Empty = no limit.',
  }),
};

export const driftFields = {
  beta: float({
    default: 0,
    min: 0,
    max: 10,
    ladder: [0, 0.001, 0.01, 0.04, 0.1],
    group: 'Drift',
    essential: true,
    label: 'Hold to start (β)',
    trl: 'beta',
    help: 'Pulls the model back to where it started. 0 = off, and no reference is kept in memory.',
  }),
  klEstimator: choice({
    choices: KL_ESTIMATORS,
    default: 'k3',
    group: 'Drift',
    label: 'KL estimator',
    help: 'k1: log ratio. k2: half its square. k3: unbiased and never negative (what TRL uses).',
  }),
  klClamp: floatOrNull({
    default: null,
    min: 0.001,
    max: 1000,
    unit: 'nats',
    group: 'Drift',
    label: 'KL clamp',
    help: 'Limits the log ratio inside the KL term so that one token cannot blow it up. Empty = off, as in TRL.',
  }),
  useBiasCorrectionKl: flag({
    default: false,
    group: 'Drift',
    label: 'Bias-corrected KL',
    trl: 'use_bias_correction_kl',
    help: 'Multiplies the KL term by the ratio, which makes it unbiased on reused answers.',
  }),
};
