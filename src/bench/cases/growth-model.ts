/** Times against a cost model: coefficients fitted to a few points, deviations of all, and a plot in plain text. */
import { formatPercent } from '../../math/format.ts';
import { median } from '../../math/stats.ts';

/** One measured size of a series. */
export interface GrowthPoint {
  /** What is timed. */
  readonly kind: string;
  /** What grows. */
  readonly series: string;
  readonly x: number;
  readonly ms: number;
  /** What the cost model counts, by name; the prediction is a sum of these times a coefficient each. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface PredictedPoint extends GrowthPoint {
  readonly predictedMs: number;
  /** (measured - predicted) / predicted. */
  readonly deviation: number;
  /** Whether the coefficients were fitted to it. */
  readonly fitted: boolean;
}

const ROUNDS = 20_000;

/**
 * The coefficients c ≥ 0 with the least Σ (Σ_j c_j x_ij / y_i - 1)²: relative deviations count, not milliseconds. By coordinate
 * descent, which is exact for one coordinate at a time (Franc et al. 2005).
 */
export function fitNonNegative(rows: readonly (readonly number[])[], times: readonly number[]): number[] {
  const scaled = rows.map((row, i) => row.map((value) => value / times[i]!));
  const columns = rows[0]!.map((_, j) => scaled.map((row) => row[j]!));
  const squares = columns.map((column) => column.reduce((sum, value) => sum + value * value, 0));
  const coefficients = columns.map(() => 0);
  const residuals = times.map(() => -1);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [j, column] of columns.entries()) {
      if (squares[j] === 0) continue;
      const slope = column.reduce((sum, value, i) => sum + value * residuals[i]!, 0);
      const next = Math.max(0, coefficients[j]! - slope / squares[j]!);
      const change = next - coefficients[j]!;
      coefficients[j] = next;
      for (const [i, value] of column.entries()) residuals[i]! += change * value;
    }
  }
  return coefficients;
}

const seriesOf = ({ kind, series }: GrowthPoint): string => `${kind} ${series}`;

/** The ends and the middle of every series: few enough that the others prove the model. */
function fittedPoints(points: readonly GrowthPoint[]): Set<GrowthPoint> {
  const bySeries = groupBy(points, seriesOf);
  return new Set([...bySeries.values()].flatMap((all) => [all[0]!, all[all.length >> 1]!, all.at(-1)!]));
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}

/** Fits the points of each kind by themselves. Points of a series lie together, smallest first. */
export function predict(points: readonly GrowthPoint[]): PredictedPoint[] {
  return [...groupBy(points, ({ kind }) => kind).values()].flatMap((ofKind) => {
    const fitted = fittedPoints(ofKind);
    const names = [...new Set(ofKind.flatMap(({ counts }) => Object.keys(counts)))];
    const rowOf = ({ counts }: GrowthPoint): number[] => names.map((name) => counts[name] ?? 0);
    const chosen = [...fitted];
    const coefficients = fitNonNegative(
      chosen.map(rowOf),
      chosen.map(({ ms }) => ms),
    );
    return ofKind.map((point) => {
      const predictedMs = rowOf(point).reduce((sum, value, j) => sum + value * coefficients[j]!, 0);
      return { ...point, predictedMs, deviation: point.ms / predictedMs - 1, fitted: fitted.has(point) };
    });
  });
}

/** Deviations without signs: the median of all points, the largest of all, and the largest of those that were not fitted. */
export function deviations(points: readonly PredictedPoint[]): {
  median: number;
  unfitted: number;
  all: number;
} {
  const worst = (some: readonly PredictedPoint[]): number =>
    Math.max(0, ...some.map(({ deviation }) => Math.abs(deviation)));
  const middle = median(points.map(({ deviation }) => Math.abs(deviation)));
  return { median: middle, unfitted: worst(points.filter(({ fitted }) => !fitted)), all: worst(points) };
}

const BAR = 40;

/** A bar of the measured time as long as its share of `longest`, with a mark at the predicted one. */
function bar(ms: number, predictedMs: number, longest: number): string {
  const at = (value: number): number => Math.min(BAR, Math.round((value / longest) * BAR));
  const cells: string[] = Array.from({ length: BAR + 1 }, (_, i) => (i < at(ms) ? '█' : ' '));
  cells[at(predictedMs)] = '│';
  return cells.join('');
}

/** A series as lines: size, measured, predicted, deviation, bar. A star marks points that were fitted. */
function seriesLines(points: readonly PredictedPoint[]): string[] {
  const longest = Math.max(...points.flatMap(({ ms, predictedMs }) => [ms, predictedMs]));
  return points.map(({ series, x, ms, predictedMs, deviation, fitted }) => {
    const size = `  ${series} ${x}`.padEnd(24);
    const times = `${ms.toFixed(1).padStart(9)} ms ${predictedMs.toFixed(1).padStart(9)} ms`;
    const percent = `${deviation >= 0 ? '+' : ''}${(100 * deviation).toFixed(0)} %`.padStart(7);
    return `${size}${times}${percent}${fitted ? '*' : ' '} ${bar(ms, predictedMs, longest)}`;
  });
}

/** All series, then the worst deviations. */
export function growthLines(points: readonly PredictedPoint[]): string[] {
  const { median: middle, unfitted, all } = deviations(points);
  const series = [...groupBy(points, seriesOf).values()].flatMap((ofSeries) => [
    `${ofSeries[0]!.kind} against ${ofSeries[0]!.series} (measured, predicted, deviation; * fitted; █ measured, │ predicted)`,
    ...seriesLines(ofSeries),
  ]);
  const percent = (share: number): string => formatPercent(share, 0);
  return [
    ...series,
    `deviation: median ${percent(middle)}; at most ${percent(unfitted)} where not fitted, ${percent(all)} of all points`,
  ];
}
