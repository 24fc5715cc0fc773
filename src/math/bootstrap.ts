import { uniform } from './random.ts';
import { quantile } from './stats.ts';

export type Interval = readonly [low: number, high: number];

export interface BootstrapOptions {
  readonly seed: number;
  /** Resamples drawn; 2000 unless said. */
  readonly resamples?: number;
  /** Share of the resamples inside the interval; 0.95 unless said. */
  readonly confidence?: number;
}

/**
 * Percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", chapter 13): draws n of n rows with
 * replacement, again and again, and takes the middle share of each statistic's values. `statistics` gets row numbers
 * [n] and gives one number per statistic; a resample for which it gives NaN does not count towards that statistic.
 * No rows give NaN. Statistics that are equal in every resample give an interval of width 0.
 */
export function bootstrapIntervals(
  n: number,
  statistics: (rows: Uint32Array) => readonly number[],
  { seed, resamples = 2000, confidence = 0.95 }: BootstrapOptions,
): Interval[] {
  const rows = new Uint32Array(n);
  const draws = Array.from({ length: resamples }, (_, resample) => {
    for (let i = 0; i < n; i++) rows[i] = Math.floor(uniform(seed, resample, i) * n);
    return statistics(rows);
  });
  return draws[0]!.map((_, at) => {
    const values = draws.map((draw) => draw[at]!).filter((value) => !Number.isNaN(value));
    const tail = (1 - confidence) / 2;
    return [quantile(values, tail), quantile(values, 1 - tail)];
  });
}
