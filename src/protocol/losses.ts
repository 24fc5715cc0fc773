/**
 * The losses, a row each. A loss that reuses a family of the kernel is one row here, and one in test/reference/losses.ts;
 * the settings, the form, warnings, exports and the weights of tokens follow from it.
 */
import type { Field } from './fields.ts';
import { capFields, clipFields, sapoFields, vespoFields } from './loss-parameters.ts';
import type { FixedMetricKey } from './metrics.ts';
import type { PaperId } from './papers.ts';

export type LossFamily = 'clipped' | 'cispo' | 'sapo' | 'vespo';

interface Family {
  /** Settings that matter to this family; to one that does not name them they do nothing. */
  readonly parameters: Readonly<Record<string, Field>>;
  /** What it reports besides the metrics of every loss. */
  readonly metrics: readonly FixedMetricKey[];
  /** Whether it makes a weight per answer of its own, so that the level of the ratio has no effect. */
  readonly ownWeight?: true;
}

/** What a loss does with the ratio of new to old probability: a branch of shaders/grpo_loss.wgsl each. */
export const LOSS_FAMILIES: Readonly<Record<LossFamily, Family>> = {
  clipped: {
    parameters: { ...clipFields, ...capFields },
    metrics: [
      'clip_ratio/low_mean',
      'clip_ratio/low_min',
      'clip_ratio/high_mean',
      'clip_ratio/high_max',
      'clip_ratio/region_mean',
    ],
  },
  cispo: { parameters: clipFields, metrics: ['cispo_clip_ratio'] },
  sapo: { parameters: sapoFields, metrics: [] },
  vespo: {
    parameters: vespoFields,
    metrics: ['vespo/phi_seq_mean'],
    ownWeight: true,
  },
};

/**
 * What a loss takes its mean over. `answer`: the tokens of an answer, then answers. `tokens`: the tokens of a micro-batch.
 * `constant`: answers of the longest length. `batch`: the tokens of the whole generation batch. `length`: answers, each
 * times its length.
 */
export type LossMean = 'answer' | 'tokens' | 'constant' | 'batch' | 'length';

interface Loss {
  readonly family: LossFamily;
  readonly mean: LossMean;
  /** How it weighs tokens, as the end of a sentence. */
  readonly help: string;
  /** Where it was published; null where it is of no paper. */
  readonly paper: PaperId | null;
  /** verl's `loss_agg_mode`; null where verl has no such loss. */
  readonly verl: string | null;
}

/** By the name that exports give as TRL's `loss_type`: a loss that TRL lacks cannot go on there. */
export const LOSSES = {
  grpo: {
    family: 'clipped',
    mean: 'answer',
    help: 'mean per answer first',
    paper: '2402.03300',
    verl: 'seq-mean-token-mean',
  },
  bnpo: {
    family: 'clipped',
    mean: 'tokens',
    help: 'mean over the tokens of a micro-batch',
    paper: null,
    verl: 'token-mean',
  },
  dr_grpo: {
    family: 'clipped',
    mean: 'constant',
    help: 'constant divisor, no length bias',
    paper: '2503.20783',
    verl: 'seq-mean-token-sum-norm',
  },
  dapo: {
    family: 'clipped',
    mean: 'batch',
    help: 'mean over all tokens',
    paper: '2503.14476',
    verl: 'token-mean',
  },
  luspo: {
    family: 'clipped',
    mean: 'length',
    help: 'answers weighed by their length',
    paper: '2602.05261',
    verl: null,
  },
  cispo: {
    family: 'cispo',
    mean: 'batch',
    help: 'as dapo, the ratio a capped weight',
    paper: '2506.13585',
    verl: null,
  },
  sapo: {
    family: 'sapo',
    mean: 'answer',
    help: 'as grpo, a soft gate for the clip',
    paper: '2511.20347',
    verl: null,
  },
  vespo: {
    family: 'vespo',
    mean: 'batch',
    help: 'as dapo, one soft weight per answer',
    paper: '2602.10693',
    verl: null,
  },
} as const satisfies Record<string, Loss>;

export type LossType = keyof typeof LOSSES;
export const LOSS_TYPES = Object.keys(LOSSES) as LossType[];

export function lossFamily(type: LossType): LossFamily {
  return LOSSES[type].family;
}

export function lossMean(type: LossType): LossMean {
  return LOSSES[type].mean;
}

/** Whether a setting belongs to families of which this loss is none: then it does nothing. */
export function isIdleParameter(type: LossType, key: string): boolean {
  const takes = ({ parameters }: Family) => Object.hasOwn(parameters, key);
  return !takes(LOSS_FAMILIES[lossFamily(type)]) && Object.values(LOSS_FAMILIES).some(takes);
}

/** Whether a metric is one that families report of which this loss is none. */
export function isForeignMetric(type: LossType, name: string): boolean {
  const reports = ({ metrics }: Family) => metrics.some((metric) => metric === name);
  return !reports(LOSS_FAMILIES[lossFamily(type)]) && Object.values(LOSS_FAMILIES).some(reports);
}
