/**
 * Every number a step reports: TRL's key, plain words, unit, the good direction, the group and chart that show it, and help.
 * Charts and exports read this.
 */
import { z } from './shapes.ts';

export const METRIC_GROUPS = ['Reward', 'Drift', 'Loss', 'Answers', 'Speed', 'Evaluation'] as const;
export type MetricGroup = (typeof METRIC_GROUPS)[number];

interface MetricRow {
  label: string;
  /** Unit shown after the value; '' for a pure number. */
  unit: string;
  /** Which way is good: 'none' when neither way is. */
  direction: 'up' | 'down' | 'none';
  group: MetricGroup;
  help: string;
  /** Title of the chart that it shares with others of its group; without one, it has a chart of its own. */
  chart?: string;
  /** Why it may have no value, shown in place of its chart. */
  absent?: string;
}

export interface Metric extends MetricRow {
  key: MetricKey;
}

const LENGTH = { unit: 'tokens', direction: 'none', group: 'Answers' } as const;
const FINISHED = { ...LENGTH, chart: 'Length of finished answers' } as const;
const SAMPLER = {
  unit: 'nats',
  direction: 'down',
  group: 'Loss',
  chart: 'Sampler against training',
} as const;
const LOSS = { unit: '', direction: 'none', group: 'Loss' } as const;
const CLIP = { ...LOSS, chart: 'Clipped tokens' } as const;
const CLIP_EXTREME = { ...LOSS, chart: 'Clipped tokens of an answer' } as const;
const CORRECTION = {
  ...LOSS,
  chart: 'Sampler correction',
  absent: 'The sampler correction is off.',
} as const;
const BONUS = { ...LOSS, absent: 'There is no variety bonus.' } as const;
const SHARE = { unit: '', direction: 'up' } as const;
const UTILISATION = {
  ...SHARE,
  group: 'Speed',
  chart: 'Share of the GPU used',
  absent: 'Not measured on software adapters.',
} as const;
const HELD_OUT = {
  ...SHARE,
  group: 'Evaluation',
  chart: 'Held-out clips',
  absent: 'Nothing is evaluated between steps: “Evaluate every” is 0, or no such step has come yet.',
} as const;

/** Fixed keys, in display order. */
export const METRICS = {
  reward: {
    label: 'Reward',
    unit: '',
    direction: 'up',
    group: 'Reward',
    help: 'Mean total reward of all answers in the step. This is what GRPO raises.',
  },
  reward_std: {
    label: 'Reward spread',
    unit: '',
    direction: 'none',
    group: 'Reward',
    help: 'Standard deviation of the reward over the whole batch.',
  },
  frac_reward_zero_std: {
    label: 'Groups without signal',
    unit: '',
    direction: 'down',
    group: 'Reward',
    help: 'Share of clips whose answers all scored the same: such a group teaches nothing.',
  },
  loss: {
    label: 'Loss',
    unit: '',
    direction: 'none',
    group: 'Loss',
    help: 'Near zero is normal in GRPO: advantages of a group sum to zero. Watch the reward instead.',
  },
  policy_loss: {
    ...BONUS,
    label: 'Policy loss',
    help: 'The loss before the entropy bonus.',
  },
  kl: {
    label: 'Drift from start (KL)',
    unit: 'nats/token',
    direction: 'none',
    group: 'Drift',
    absent: 'β is 0: nothing is compared with the start, so drift is not measured.',
    help: 'How far the model has moved from where it started. It is measured when β is above 0.',
  },
  entropy: {
    label: 'Variety (entropy)',
    unit: 'nats/token',
    direction: 'none',
    group: 'Drift',
    help: 'Uncertainty per token. A collapse towards zero means all answers become the same.',
  },
  grad_norm: {
    label: 'Gradient norm',
    unit: '',
    direction: 'none',
    group: 'Loss',
    help: 'Length of the gradient before clipping. Spikes mark unstable steps.',
  },
  learning_rate: {
    label: 'Learning rate',
    unit: '',
    direction: 'none',
    group: 'Loss',
    help: 'The rate used in this step.',
  },
  entropy_coef: {
    ...BONUS,
    label: 'Variety bonus',
    help: 'Weight of the entropy bonus.',
  },
  'clip_ratio/low_mean': {
    ...CLIP,
    label: 'Clipped low',
    help: 'Share of tokens clipped at 1 − ε with a negative advantage.',
  },
  'clip_ratio/low_min': {
    ...CLIP_EXTREME,
    label: 'Clipped low, least',
    help: 'The smallest such share of an answer.',
  },
  'clip_ratio/high_mean': {
    ...CLIP,
    label: 'Clipped high',
    help: 'Share of tokens clipped at 1 + ε with a positive advantage.',
  },
  'clip_ratio/high_max': {
    ...CLIP_EXTREME,
    label: 'Clipped high, most',
    help: 'The largest such share of an answer.',
  },
  'clip_ratio/region_mean': { ...CLIP, label: 'Clipped', help: 'Share of tokens clipped on either side.' },
  cispo_clip_ratio: {
    ...LOSS,
    absent: 'The loss cispo reports it.',
    label: 'Capped (CISPO)',
    help: 'Share of tokens whose weight reached the cap.',
  },
  'vespo/phi_seq_mean': {
    ...LOSS,
    label: 'VESPO weight',
    absent: 'The loss vespo reports it.',
    help: 'Mean weight φ over the answers.',
  },
  'sampling/sampling_logp_difference/mean': {
    ...SAMPLER,
    label: 'Sampler gap',
    help: 'Mean difference between the log-probability that sampling saw and the one that training computes. Near 0: both run the same weights.',
  },
  'sampling/sampling_logp_difference/max': {
    ...SAMPLER,
    label: 'Sampler gap, most',
    help: 'The largest such difference of a token.',
  },
  'sampling/importance_sampling_ratio/min': {
    ...CORRECTION,
    label: 'Sampler correction, least',
    help: 'The smallest weight of the sampler correction in this step.',
  },
  'sampling/importance_sampling_ratio/mean': {
    ...CORRECTION,
    label: 'Sampler correction, mean',
    help: 'Mean weight of the sampler correction. Near 1: there was nothing to correct.',
  },
  'sampling/importance_sampling_ratio/max': {
    ...CORRECTION,
    label: 'Sampler correction, most',
    help: 'The largest weight of the sampler correction in this step.',
  },
  'completions/mean_length': {
    ...LENGTH,
    label: 'Answer length',
    help: 'Mean number of tokens in an answer.',
  },
  'completions/min_length': { ...LENGTH, label: 'Shortest answer', help: 'Fewest tokens in an answer.' },
  'completions/max_length': { ...LENGTH, label: 'Longest answer', help: 'Most tokens in an answer.' },
  'completions/mean_terminated_length': {
    ...FINISHED,
    label: 'Finished length',
    help: 'Mean length of answers that ended by themselves.',
  },
  'completions/min_terminated_length': {
    ...FINISHED,
    label: 'Shortest finished',
    help: 'Fewest tokens in a finished answer.',
  },
  'completions/max_terminated_length': {
    ...FINISHED,
    label: 'Longest finished',
    help: 'Most tokens in a finished answer.',
  },
  'completions/clipped_ratio': {
    label: 'Cut short',
    unit: '',
    direction: 'down',
    group: 'Answers',
    help: 'Share of answers that hit the longest length without an end token.',
  },
  num_tokens: {
    label: 'Tokens so far',
    unit: 'tokens',
    direction: 'none',
    group: 'Speed',
    help: 'Prompt and answer tokens processed since the start.',
  },
  step_time: {
    label: 'Step time',
    unit: 's',
    direction: 'down',
    group: 'Speed',
    help: 'Seconds from the first sample to the updated weights.',
  },
  epoch: {
    label: 'Epoch',
    unit: '',
    direction: 'none',
    group: 'Speed',
    help: 'How often the training clips have been seen.',
  },
  'tokens_per_second/generate': {
    label: 'Tokens per second',
    unit: 'tokens/s',
    direction: 'up',
    group: 'Speed',
    help: 'Answer tokens sampled per second.',
  },
  'tokens_per_second/train': {
    label: 'Tokens per second, training',
    unit: 'tokens/s',
    direction: 'up',
    group: 'Speed',
    help: 'Tokens per second through loss, gradient and update.',
  },
  groups_resampled: {
    label: 'Clips sampled anew',
    unit: 'clips',
    direction: 'down',
    group: 'Reward',
    help: 'Clips whose answers all scored the same, and in whose place others were asked. The share of groups without signal counts all that were sampled.',
  },
  groups_skipped: {
    label: 'Clips left out',
    unit: 'clips',
    direction: 'none',
    group: 'Speed',
    help: 'Clips that loss and gradient did without: all advantages 0 at β = 0, or all answers masked. Entropy and clipping are means over the rest.',
  },
  mfu: {
    ...UTILISATION,
    label: 'Compute used (MFU)',
    help: 'Model FLOPs utilisation: what the training passes have to multiply and add a second, as a share of what this GPU was measured to do at best.',
  },
  mbu: {
    ...UTILISATION,
    label: 'Bandwidth used in decoding (MBU)',
    help: 'Model bandwidth utilisation: weights and caches that decoding has to read a second, as a share of what this GPU was measured to move at best.',
  },
  'memory/peak_bytes': {
    label: 'GPU memory, peak',
    unit: 'bytes',
    direction: 'down',
    group: 'Speed',
    help: 'Most GPU memory held at once, as booked by the studio.',
  },
  'eval/war': {
    ...HELD_OUT,
    label: 'Accuracy on held-out clips (WAR)',
    help: 'Share of held-out clips whose answer equals the label, letter by letter.',
  },
  'eval/uar': {
    ...HELD_OUT,
    label: 'Mean recall over labels (UAR)',
    help: 'Recall of each label, averaged: rare labels count as much as common ones.',
  },
  'eval/score': {
    ...HELD_OUT,
    label: 'Score on held-out clips',
    help: 'Mean score of held-out clips whose answers are no labels, each scored by its kind; of several kinds the mean of theirs.',
  },
} as const satisfies Record<string, MetricRow>;

export type FixedMetricKey = keyof typeof METRICS;
/** Rewards by part have keys of their own: `rewards/accuracy/mean`. */
export type RewardMetricKey = `rewards/${string}/mean` | `rewards/${string}/std`;
/** So has what rewards log: `log/` and the name that they give it. */
export type LoggedMetricKey = `log/${string}`;
/** And the mean of each reward over the held-out answers. */
export type HeldOutRewardKey = `eval/rewards/${string}/mean`;
export type MetricKey = FixedMetricKey | RewardMetricKey | LoggedMetricKey | HeldOutRewardKey;
/** One step's numbers; a key that does not apply (kl at β = 0) is absent. */
export type MetricValues = Partial<Record<MetricKey, number>>;

export const METRIC_KEYS = Object.keys(METRICS) as FixedMetricKey[];

const REWARD_KEY = /^rewards\/(.+)\/(mean|std)$/;

const LOGGED_KEY = /^log\/(.+)$/s;

const HELD_OUT_REWARD_KEY = /^eval\/rewards\/(.+)\/mean$/;

const isOwnKey = (key: string): key is RewardMetricKey | LoggedMetricKey | HeldOutRewardKey =>
  REWARD_KEY.test(key) || LOGGED_KEY.test(key) || HELD_OUT_REWARD_KEY.test(key);

/** Every metric there can be where these are reported: the fixed ones, the rewards by part, and what rewards logged. */
export function metricsOf(reported: Iterable<string>): Metric[] {
  return [...METRIC_KEYS, ...[...reported].filter(isOwnKey)].map(metricOf);
}

export function isMetricKey(key: string): key is MetricKey {
  return Object.hasOwn(METRICS, key) || isOwnKey(key);
}

export const metricKey = z.custom<MetricKey>(
  (value) => typeof value === 'string' && isMetricKey(value),
  'expected the name of a metric',
);

/** The row of any key; rewards by part, and what they log, get one made from the name. */
export function metricOf(key: MetricKey): Metric {
  const logged = LOGGED_KEY.exec(key)?.[1];
  if (logged !== undefined) {
    const row = { unit: '', direction: 'none', group: 'Reward' } as const;
    return {
      key,
      label: logged,
      ...row,
      help: 'Logged by a reward: the mean of what it logged in the step.',
    };
  }
  const heldOut = HELD_OUT_REWARD_KEY.exec(key)?.[1];
  if (heldOut !== undefined) {
    const { unit, direction, group } = HELD_OUT;
    const help = `Mean of the ${heldOut} reward over the answers to held-out clips.`;
    return { key, label: heldOut, unit, direction, group, chart: 'Rewards on held-out clips', help };
  }
  const part = REWARD_KEY.exec(key);
  if (!part) return { key, ...METRICS[key as FixedMetricKey] };
  const spread = part[2] === 'std';
  return {
    key,
    label: spread ? `${part[1]}, spread` : `${part[1]}`,
    unit: '',
    direction: spread ? 'none' : 'up',
    group: 'Reward',
    chart: spread ? 'Spread of rewards by part' : 'Rewards by part',
    help: spread
      ? `Standard deviation of the ${part[1]} reward.`
      : `Mean of the ${part[1]} reward over all answers.`,
  };
}
