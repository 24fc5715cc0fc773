import { mean, sampleStd, scored } from './stats.ts';

/** Added to every standard deviation before dividing, as TRL and the GRPO reference do. */
export const ADVANTAGE_EPSILON = 1e-4;

export interface AdvantageOptions {
  /** Completions per prompt; row i of the rewards belongs to group floor(i / groupSize). */
  readonly groupSize: number;
  /** 'sum_then_normalize': weigh and sum, then compare. 'normalize_then_sum' (GDPO): compare reward by reward, then sum. */
  readonly aggregation: 'sum_then_normalize' | 'normalize_then_sum';
  /** What the centred reward is divided by; ignored by 'normalize_then_sum', which always uses the whole batch. */
  readonly scale: 'group' | 'batch' | 'none';
  /** One per reward function; empty = all 1. */
  readonly weights: readonly number[];
}

export interface Advantages {
  /** A_i, one per completion; 0 where nothing could be scored. */
  readonly advantages: number[];
  /** Σ_k w_k r_ik over what was scored; NaN where no function applied. */
  readonly totals: number[];
  /** Standard deviation of the totals of each completion's group; NaN for a group with fewer than two scored rows. */
  readonly groupStd: number[];
  /** One per group: true when its rewards do not differ, so that it teaches nothing. */
  readonly zeroStd: boolean[];
}

type Row = readonly (number | null)[];

/**
 * Advantages of a generation batch. rewards[completion][function], null where a function does not apply.
 *   sum_then_normalize:  r_i = Σ_k w_k r_ik;                    A_i = (r_i - mean_group) / (s + 1e-4), s by `scale`
 *   normalize_then_sum:  r_i = Σ_k w_k (r_ik - mean_gk) / (std_gk + 1e-4);   A_i = (r_i - mean_all) / (std_all + 1e-4)
 * Deviations have n - 1 in the denominator; unscored rows stand outside every mean and deviation; NaN becomes 0.
 */
export function groupAdvantages(rewards: readonly Row[], options: AdvantageOptions): Advantages {
  const { groupSize, aggregation, scale, weights } = options;
  if (groupSize < 1 || rewards.length % groupSize !== 0) {
    throw new RangeError(
      `groupAdvantages: ${rewards.length} completions do not fall into groups of ${groupSize}.`,
    );
  }
  const totals = rewards.map((row) => weightedSum(row, weights));
  const groups = chunk(totals, groupSize);
  const groupStd = groups.flatMap((group) => group.map(() => sampleStd(scored(group))));
  const raw =
    aggregation === 'sum_then_normalize'
      ? sumThenNormalize(totals, groups, groupStd, scale)
      : normalizeThenSum(rewards, groupSize, weights);
  return {
    advantages: raw.map((value) => (Number.isNaN(value) ? 0 : value)),
    totals,
    groupStd,
    zeroStd: groups.map((group) => isFlat(scored(group))),
  };
}

/**
 * Whether what a group's completions scored differs, so that it teaches something: their totals, or with 'normalize_then_sum' what any
 * one function gave.
 */
export function hasSignal(
  rewards: readonly Row[],
  { aggregation, weights }: Pick<AdvantageOptions, 'aggregation' | 'weights'>,
): boolean {
  if (aggregation === 'sum_then_normalize')
    return !isFlat(scored(rewards.map((row) => weightedSum(row, weights))));
  const functions = rewards[0] ?? [];
  return functions.some(
    (_, k) => (weights[k] ?? 1) !== 0 && !isFlat(scored(rewards.map((row) => row[k] ?? null))),
  );
}

function sumThenNormalize(
  totals: readonly number[],
  groups: readonly number[][],
  groupStd: readonly number[],
  scale: AdvantageOptions['scale'],
): number[] {
  const batchStd = sampleStd(scored(totals));
  const centres = groups.flatMap((group) => group.map(() => mean(scored(group))));
  return totals.map((total, i) => {
    const centred = total - centres[i]!;
    if (scale === 'none') return centred;
    return centred / ((scale === 'group' ? groupStd[i]! : batchStd) + ADVANTAGE_EPSILON);
  });
}

function normalizeThenSum(rewards: readonly Row[], groupSize: number, weights: readonly number[]): number[] {
  const summed = chunk(rewards, groupSize)
    .flatMap(normalizeColumns)
    .map((row) => weightedSum(row, weights));
  const all = scored(summed);
  const centre = mean(all);
  const spread = sampleStd(all) + ADVANTAGE_EPSILON;
  return summed.map((total) => (total - centre) / spread);
}

/** Each column of a group centred and divided by its own deviation; a column scored only once has none and drops out. */
export function normalizeColumns(group: readonly Row[]): Row[] {
  const columns = (group[0] ?? []).map((_, k) => scored(group.map((row) => row[k] ?? null)));
  return group.map((row) =>
    row.map((value, k) => {
      const column = columns[k]!;
      return value === null || Number.isNaN(value)
        ? null
        : (value - mean(column)) / (sampleStd(column) + ADVANTAGE_EPSILON);
    }),
  );
}

/** Σ_k w_k x_k over what is scored; NaN when nothing is. */
export function weightedSum(row: Row, weights: readonly number[]): number {
  if (scored(row).length === 0) return Number.NaN;
  return row.reduce<number>((total, value, k) => {
    return value === null || Number.isNaN(value) ? total : total + (weights[k] ?? 1) * value;
  }, 0);
}

/** torch.isclose(std, 0): at most 1e-8. A group with one scored row, or none, has no spread either. */
function isFlat(values: readonly number[]): boolean {
  return values.length < 2 || sampleStd(values) <= 1e-8;
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: items.length / size }, (_, i) => items.slice(i * size, (i + 1) * size));
}
