/** Settings of what is optimised: rewards, the loss, and the pull back to the start. */
import { choice, flag, float, floatOrNull, list, numbers } from './fields.ts';

export const LOSS_TYPES = ['grpo', 'bnpo', 'dr_grpo', 'dapo', 'luspo', 'cispo', 'sapo', 'vespo'] as const;
export const IMPORTANCE_LEVELS = ['token', 'sequence'] as const;
export const KL_ESTIMATORS = ['k1', 'k2', 'k3'] as const;
export const REWARD_SCALES = ['group', 'batch', 'none'] as const;
export const AGGREGATIONS = ['sum_then_normalize', 'normalize_then_sum'] as const;
export const REWARD_NAMES = ['accuracy', 'format', 'accuracy_tolerant', 'format_tolerant'] as const;

export const rewardFields = {
  rewards: list({
    choices: REWARD_NAMES,
    default: ['accuracy', 'format'],
    group: 'Rewards',
    label: 'Rewards',
    trl: 'reward_funcs',
    help: 'What earns a point. accuracy: the answer equals the label. format: think and answer tags as asked. The tolerant twins forgive case, spaces and punctuation.',
  }),
  rewardWeights: numbers({
    default: [],
    group: 'Rewards',
    label: 'Reward weights',
    trl: 'reward_weights',
    help: 'One number per reward, in the same order. Empty = 1 for each.',
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
    help: 'How tokens are weighed. dapo: mean over all tokens. grpo: mean per answer first. dr_grpo: constant divisor, no length bias.',
  }),
  importanceSamplingLevel: choice({
    choices: IMPORTANCE_LEVELS,
    default: 'token',
    group: 'Loss',
    label: 'Ratio per',
    trl: 'importance_sampling_level',
    help: 'Compare new and old probability token by token, or once for the whole answer (GSPO).',
  }),
  epsilon: float({
    default: 0.2,
    min: 0,
    max: 10,
    group: 'Loss',
    label: 'Clip below (ε)',
    trl: 'epsilon',
    help: 'The ratio is clipped below 1 − ε. Smaller is more careful.',
  }),
  epsilonHigh: floatOrNull({
    default: null,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'Clip above (ε high)',
    trl: 'epsilon_high',
    help: 'The ratio is clipped above 1 + ε high (for cispo it is the cap itself). Empty = the same as ε.',
  }),
  delta: floatOrNull({
    default: null,
    min: 0,
    max: 100,
    group: 'Loss',
    label: 'Two-sided cap (δ)',
    trl: 'delta',
    help: 'Caps the unclipped ratio too; use a value above 1 + ε. Empty = off.',
  }),
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
  sapoTemperaturePos: float({
    default: 1,
    min: 0.001,
    max: 100,
    group: 'Loss',
    label: 'SAPO temperature, good answers',
    trl: 'sapo_temperature_pos',
    help: 'Softness of the gate for answers better than their group. Used by sapo only.',
  }),
  sapoTemperatureNeg: float({
    default: 1.05,
    min: 0.001,
    max: 100,
    group: 'Loss',
    label: 'SAPO temperature, bad answers',
    trl: 'sapo_temperature_neg',
    help: 'Softness of the gate for answers worse than their group. Used by sapo only.',
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
