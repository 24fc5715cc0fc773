/** Settings of what is optimised: the loss, and the pull back to the start. */
import { choice, flag, float, floatOrNull } from './fields.ts';
import { capFields, clipFields, sapoFields, vespoFields } from './loss-parameters.ts';
import { LOSS_TYPES, LOSSES } from './losses.ts';
import type { PaperId } from './papers.ts';

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

/** Where each loss was published. */
const LOSS_PAPERS = Object.fromEntries(
  LOSS_TYPES.flatMap((name) => (LOSSES[name].paper ? [[name, LOSSES[name].paper]] : [])),
) as Record<string, PaperId>;

export const lossFields = {
  lossType: choice({
    choices: LOSS_TYPES,
    default: 'dapo',
    group: 'Loss',
    essential: true,
    label: 'Loss',
    trl: 'loss_type',
    paperOf: LOSS_PAPERS,
    help: `How tokens are weighed. ${LOSS_TYPES.map((name) => `${name}: ${LOSSES[name].help}.`).join(' ')}`,
  }),
  importanceSamplingLevel: choice({
    choices: IMPORTANCE_LEVELS,
    default: 'token',
    group: 'Loss',
    label: 'Ratio per',
    trl: 'importance_sampling_level',
    paper: '2507.18071',
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
    paper: '2506.01939',
    help: 'Train only on this share of tokens, the most uncertain first. 1 = all tokens.',
  }),
  maskTruncatedCompletions: flag({
    default: false,
    group: 'Loss',
    label: 'Ignore answers cut short',
    trl: 'mask_truncated_completions',
    paper: '2503.14476',
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
    paper: '2512.02556',
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
    paper: '2402.03300',
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
    default: true,
    group: 'Drift',
    label: 'Bias-corrected KL',
    trl: 'use_bias_correction_kl',
    paper: '2512.02556',
    help: 'Multiplies the KL term by the ratio, which makes it unbiased on reused answers, as TRL does since its release 1.10. R1-Omni was trained without.',
  }),
};
