/** How sure the mean of scores is, where rows are of several groups that count alike. */
import { type BootstrapOptions, bootstrapIntervals, type Interval } from './bootstrap.ts';

export interface MeanEstimate {
  /** Mean over the groups, each of which is a mean over its rows. */
  readonly mean: number;
  /** Absent where the rows do not tell: those of every group all have the same value. */
  readonly interval?: Interval;
}

/**
 * The mean over groups of the means of their rows, with its bootstrap interval: rows are resampled, and of each resample the
 * groups that occur in it count alike. Of one group it is the plain mean. Of a change, `values` are the rows' differences,
 * since a difference of means is the mean of differences.
 */
export function meanOfGroups(
  groups: readonly string[],
  values: readonly number[],
  options: BootstrapOptions,
): MeanEstimate {
  const names = [...new Set(groups)];
  const groupOf = Uint32Array.from(groups, (group) => names.indexOf(group));
  const sums = new Float64Array(names.length);
  const counts = new Float64Array(names.length);
  const meanOf = (rows: ArrayLike<number> & Iterable<number>): number => {
    sums.fill(0);
    counts.fill(0);
    for (const row of rows) {
      sums[groupOf[row]!]! += values[row]!;
      counts[groupOf[row]!]! += 1;
    }
    let [total, present] = [0, 0];
    for (let g = 0; g < names.length; g++) {
      if (counts[g] === 0) continue;
      total += sums[g]! / counts[g]!;
      present += 1;
    }
    return total / present;
  };
  const mean = meanOf(values.map((_, row) => row));
  const first = names.map((name) => values[groups.indexOf(name)]!);
  if (values.every((value, row) => value === first[groupOf[row]!])) return { mean };
  const [interval] = bootstrapIntervals(values.length, (rows) => [meanOf(rows)], options);
  return { mean, interval: interval! };
}
