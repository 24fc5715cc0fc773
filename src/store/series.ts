/** Series out of step records, thinned and smoothed for charts. */
import { emaSmooth, keptPlaces } from '../math/series.ts';
import type { MetricKey } from '../protocol/metrics.ts';
import type { StepRecord } from './state.ts';

/** No chart draws more points than this. */
export const MAX_POINTS = 600;

/** One point of a chart: the step, its place, and per key the raw and the smoothed value; an absent value leaves a gap. */
export interface ChartRow {
  step: number;
  /** Where it stands on the axis that the chart is drawn over. */
  place: number;
  raw: Record<string, number | null>;
  smooth: Record<string, number | null>;
  /** What a recorded run had at this step, smoothed. */
  shadow?: Record<string, number | null>;
}

/** A value and the step it was measured at. */
export interface Latest {
  value: number;
  step: number;
}

export interface ChartData {
  rows: ChartRow[];
  /** Steps at which some value was NaN or infinite. */
  broken: number[];
  /** Steps that were the first to have changed settings. */
  changed: number[];
  /** How many of the rows are of the run itself; the others have a shadow only. */
  own: number;
  /** Last finite value by key, with its step: the newest step may have none. */
  latest: Record<string, Latest | undefined>;
  /** The row at the place of any step of the run, drawn or thinned away. */
  rowAt(place: number): ChartRow | undefined;
  /** Where a step stands. */
  placeOf(step: number): number;
}

/**
 * At most MAX_POINTS rows that keep every key's extremes. `weight` is the smoothing, 0 (none) to below 1; `places`: where the steps
 * stand, if not at their own numbers.
 */
export function chartData(
  steps: readonly StepRecord[],
  keys: readonly MetricKey[],
  weight: number,
  places?: ArrayLike<number>,
): ChartData {
  const placeAt = (index: number): number => places?.[index] ?? steps[index]!.step;
  const smooth = new Map(keys.map((key) => [key, smoothed(steps, key, weight)]));
  const rowOf = (index: number): ChartRow => {
    const row: ChartRow = { step: steps[index]!.step, place: placeAt(index), raw: {}, smooth: {} };
    for (const key of keys) {
      row.raw[key] = finite(steps[index]!.metrics[key]);
      row.smooth[key] = finite(smooth.get(key)?.[index]);
    }
    return row;
  };
  const isBroken = ({ metrics }: StepRecord) =>
    keys.some((key) => metrics[key] !== undefined && !Number.isFinite(metrics[key]));
  const rows = keptIndices(steps, keys).map(rowOf);
  return {
    rows,
    own: rows.length,
    broken: steps.filter(isBroken).map(({ step }) => step),
    changed: steps.filter(({ changed }) => changed).map(({ step }) => step),
    latest: latestOf(steps, keys),
    rowAt(place) {
      const index = steps.findIndex((_, at) => placeAt(at) === place);
      return index < 0 ? undefined : rowOf(index);
    },
    placeOf(step) {
      const index = steps.findIndex((record) => record.step === step);
      return index < 0 ? step : placeAt(index);
    },
  };
}

/** A run's rows with the curves of a recorded one behind them, which go on where the run has not come yet. */
export function withShadow(data: ChartData, shadow: ChartData): ChartData {
  if (shadow.rows.length === 0) return data;
  const last = data.rows.at(-1)?.step ?? Number.NEGATIVE_INFINITY;
  const behind = data.rows.map((row) => ({ ...row, ...shadowAt(shadow, row.step) }));
  const ahead = shadow.rows
    .filter(({ step }) => step > last)
    .map(({ step, place, smooth }) => ({ step, place, raw: {}, smooth: {}, shadow: smooth }));
  return {
    ...data,
    rows: [...behind, ...ahead],
    rowAt(step) {
      const row = data.rowAt(step);
      return row && { ...row, ...shadowAt(shadow, step) };
    },
  };
}

function shadowAt({ rowAt }: ChartData, step: number): Pick<ChartRow, 'shadow'> {
  const row = rowAt(step);
  return row ? { shadow: row.smooth } : {};
}

function latestOf(steps: readonly StepRecord[], keys: readonly MetricKey[]): ChartData['latest'] {
  const latest: ChartData['latest'] = {};
  for (const { step, metrics } of steps) {
    for (const key of keys) if (Number.isFinite(metrics[key])) latest[key] = { value: metrics[key]!, step };
  }
  return latest;
}

/** Steps whose value stands between two gaps: a line does not show them. */
export function loneSteps(rows: readonly ChartRow[], key: MetricKey): ReadonlySet<number> {
  const isGap = (index: number) => (rows[index]?.raw[key] ?? null) === null;
  const lone = rows.filter((_, i) => !isGap(i) && isGap(i - 1) && isGap(i + 1));
  return new Set(lone.map(({ step }) => step));
}

/** The place among rising steps of the one nearest to `step`; of two as near, the earlier. */
export function nearestStep(steps: readonly number[], step: number): number {
  let best = 0;
  for (let i = 1; i < steps.length; i++) {
    if (Math.abs(steps[i]! - step) < Math.abs(steps[best]! - step)) best = i;
  }
  return best;
}

function smoothed(steps: readonly StepRecord[], key: MetricKey, weight: number): number[] {
  return emaSmooth(
    steps.map(({ metrics }) => metrics[key] ?? Number.NaN),
    weight,
  );
}

/** Indices worth drawing: each key's extremes and gaps in runs of equal count, within MAX_POINTS for all keys together. */
function keptIndices(steps: readonly StepRecord[], keys: readonly MetricKey[]): number[] {
  if (steps.length <= MAX_POINTS) return steps.map((_, index) => index);
  return keptPlaces(
    keys.map((key) => steps.map(({ metrics }) => metrics[key] ?? Number.NaN)),
    MAX_POINTS,
  );
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
