/** Which charts there are. The first eight are always in view; the rest are one click away. */
import type { MetricKey } from '../../protocol/metrics.ts';
import { metricOf } from '../../protocol/metrics.ts';
import type { StepRecord } from '../../store/state.ts';

export interface ChartSpec {
  id: string;
  title: string;
  keys: MetricKey[];
  /** Drawn as a band behind the first key. */
  band?: [low: MetricKey, high: MetricKey];
  /** Shown while there is no value, in place of "draws with the first step". */
  absent?: string;
}

const single = (key: MetricKey, more: Partial<ChartSpec> = {}): ChartSpec => ({
  id: key,
  title: metricOf(key).label,
  keys: [key],
  ...more,
});

/** One chart with a line per reward, by the names the run reports. */
function rewardParts(steps: readonly StepRecord[]): ChartSpec {
  const names = Object.keys(steps[steps.length - 1]?.metrics ?? {});
  const keys = names.filter((key): key is MetricKey => key.startsWith('rewards/') && key.endsWith('/mean'));
  return { id: 'rewards', title: 'Rewards by part', keys };
}

export function coreCharts(steps: readonly StepRecord[]): ChartSpec[] {
  return [
    single('reward'),
    rewardParts(steps),
    single('kl', { absent: 'β is 0: nothing is compared with the start, so drift is not measured.' }),
    single('loss'),
    single('completions/mean_length', { band: ['completions/min_length', 'completions/max_length'] }),
    single('entropy'),
    single('grad_norm'),
    single('tokens_per_second/generate'),
  ];
}

export const MORE_CHARTS: readonly ChartSpec[] = [
  single('frac_reward_zero_std'),
  single('reward_std'),
  single('completions/clipped_ratio'),
  { id: 'clip_ratio', title: 'Clipped tokens', keys: ['clip_ratio/low_mean', 'clip_ratio/high_mean'] },
  single('cispo_clip_ratio', { absent: 'The loss cispo reports it.' }),
  single('vespo/phi_seq_mean', { absent: 'The loss vespo reports it.' }),
  {
    id: 'sampling',
    title: 'Sampler against training',
    keys: ['sampling/sampling_logp_difference/mean', 'sampling/sampling_logp_difference/max'],
  },
  {
    id: 'sampler_correction',
    title: 'Sampler correction',
    keys: ['sampling/importance_sampling_ratio/mean', 'sampling/importance_sampling_ratio/max'],
    absent: 'The sampler correction is off.',
  },
  single('learning_rate'),
  single('step_time'),
  single('tokens_per_second/train'),
  {
    id: 'utilisation',
    title: 'Share of the GPU used',
    keys: ['mfu', 'mbu'],
    absent: 'Not measured on software adapters.',
  },
  single('memory/peak_bytes'),
];

/** The name by which a test finds a chart. */
export function chartTestId(id: string): string {
  return `chart-${id.replaceAll('/', '-')}`;
}
