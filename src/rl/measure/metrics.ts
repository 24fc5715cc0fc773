import type { Advantages } from '../../math/advantages.ts';
import { maximum, mean, minimum, sampleStd, scored } from '../../math/stats.ts';

/** Reward metrics of a step under TRL's names. rewards[completion][function]; null = did not apply. */
export function rewardMetrics(
  names: readonly string[],
  rewards: readonly (readonly (number | null)[])[],
  { totals, zeroStd }: Pick<Advantages, 'totals' | 'zeroStd'>,
): Record<string, number> {
  const all = scored(totals);
  const metrics: Record<string, number> = {
    reward: mean(all),
    reward_std: orZero(sampleStd(all)),
    frac_reward_zero_std: mean(zeroStd.map(Number)),
  };
  names.forEach((name, k) => {
    const column = scored(rewards.map((row) => row[k] ?? null));
    metrics[`rewards/${name}/mean`] = mean(column);
    metrics[`rewards/${name}/std`] = orZero(sampleStd(column));
  });
  return dropNaN(metrics);
}

/** What rewards logged, under keys of their own: `log/` and the name that they gave. */
export function loggedMetrics(logged: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(logged).map(([name, value]) => [`log/${name}`, value]));
}

/**
 * Length metrics of a step under TRL's names. A completion that reached the limit without an end token is clipped; the
 * terminated lengths are 0 when every completion is.
 */
export function lengthMetrics(
  lengths: readonly number[],
  terminated: readonly boolean[],
): Record<string, number> {
  const ended = lengths.filter((_, i) => terminated[i]);
  const finished = ended.length === 0 ? [0] : ended;
  return {
    'completions/mean_length': mean(lengths),
    'completions/min_length': minimum(lengths),
    'completions/max_length': maximum(lengths),
    'completions/mean_terminated_length': mean(finished),
    'completions/min_terminated_length': minimum(finished),
    'completions/max_terminated_length': maximum(finished),
    'completions/clipped_ratio': 1 - ended.length / lengths.length,
  };
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

/** A metric that does not apply (a reward that scored nothing) is absent rather than NaN. */
function dropNaN(metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => !Number.isNaN(value)));
}
