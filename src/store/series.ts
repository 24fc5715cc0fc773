/** Series out of step records, thinned and smoothed for charts. */
import { downsampleMinMax, emaSmooth } from '../math/series.ts';
import type { MetricKey } from '../protocol/metrics.ts';
import type { StepRecord } from './state.ts';

/** No chart draws more points than this. */
export const MAX_POINTS = 600;

/** One point of a chart: the step, and per key the raw and the smoothed value; an absent value leaves a gap. */
export interface ChartRow {
  step: number;
  raw: Record<string, number | null>;
  smooth: Record<string, number | null>;
}

export interface ChartData {
  rows: ChartRow[];
  /** Steps at which some value was NaN or infinite. */
  broken: number[];
  /** Last finite value by key. */
  latest: Record<string, number | undefined>;
}

/** At most MAX_POINTS rows that keep every key's extremes. `weight` is the smoothing, 0 (none) to below 1. */
export function chartData(
  steps: readonly StepRecord[],
  keys: readonly MetricKey[],
  weight: number,
): ChartData {
  const smooth = new Map(keys.map((key) => [key, smoothed(steps, key, weight)]));
  const latest: ChartData['latest'] = {};
  for (const { metrics } of steps) {
    for (const key of keys) if (Number.isFinite(metrics[key])) latest[key] = metrics[key];
  }
  const rows = keptIndices(steps, keys).map((index) => {
    const row: ChartRow = { step: steps[index]!.step, raw: {}, smooth: {} };
    for (const key of keys) {
      row.raw[key] = finite(steps[index]!.metrics[key]);
      row.smooth[key] = finite(smooth.get(key)?.[index]);
    }
    return row;
  });
  const isBroken = ({ metrics }: StepRecord) =>
    keys.some((key) => metrics[key] !== undefined && !Number.isFinite(metrics[key]));
  return { rows, broken: steps.filter(isBroken).map(({ step }) => step), latest };
}

function smoothed(steps: readonly StepRecord[], key: MetricKey, weight: number): number[] {
  return emaSmooth(
    steps.map(({ metrics }) => metrics[key] ?? Number.NaN),
    weight,
  );
}

/** Indices worth drawing: each key's extremes in runs of equal count, within MAX_POINTS for all keys together. */
function keptIndices(steps: readonly StepRecord[], keys: readonly MetricKey[]): number[] {
  if (steps.length <= MAX_POINTS) return steps.map((_, index) => index);
  const buckets = Math.floor(MAX_POINTS / (2 * keys.length)) - 1;
  const kept = new Set<number>();
  for (const key of keys) {
    const points = steps.flatMap(({ metrics }, x) =>
      Number.isFinite(metrics[key]) ? { x, y: metrics[key]! } : [],
    );
    for (const { x } of downsampleMinMax(points, buckets)) kept.add(x);
  }
  return [...kept].sort((a, b) => a - b);
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
