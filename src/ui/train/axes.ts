/** What charts can be drawn over, and axes with numbers that people read at a glance. Pure. */
import { formatCount, formatDuration } from '../../math/format.ts';
import type { StepRecord } from '../../store/state.ts';
import { roundTicks, stepTicks } from './ticks.ts';

export const CHART_AXES = ['step', 'time', 'tokens'] as const;
export type ChartAxis = (typeof CHART_AXES)[number];

/** Where each step stands on the axis: its number, the seconds that the run's steps took until its end, or the tokens so far. */
export function placesOn(
  axis: ChartAxis,
  steps: readonly StepRecord[],
  times?: ArrayLike<number>,
): ArrayLike<number> {
  if (axis === 'step') return steps.map(({ step }) => step);
  if (axis === 'time') return times ?? sumsOf(steps);
  let last = 0;
  return steps.map(({ metrics }) => {
    last = Math.max(last, finiteOr(metrics.num_tokens, last));
    return last;
  });
}

function sumsOf(steps: readonly StepRecord[]): number[] {
  let sum = 0;
  return steps.map(({ metrics }) => {
    sum += finiteOr(metrics.step_time, 0);
    return sum;
  });
}

const finiteOr = (value: number | undefined, other: number): number =>
  value !== undefined && Number.isFinite(value) ? value : other;

/** Seconds between ticks that read as round times. */
const ROUND_SECONDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18_000, 36_000, 86_400];

/** Round places within [first, last]. */
export function axisTicks(axis: ChartAxis, first: number, last: number): number[] {
  if (axis === 'step') return stepTicks(first, last);
  if (axis === 'tokens' || last - first < 5)
    return roundTicks(first, last).filter((x) => x >= first && x <= last);
  const step = ROUND_SECONDS.find((seconds) => (last - first) / seconds <= 5) ?? 86_400;
  const begin = Math.ceil(first / step);
  const count = Math.min(Math.floor(last / step) - begin + 1, 40);
  return Array.from({ length: count }, (_, index) => (begin + index) * step);
}

/** A place on the axis in words: what its ticks and the cursor say. */
export function placeWords(axis: ChartAxis, place: number): string {
  if (axis === 'time') return formatDuration(place);
  return axis === 'tokens' ? formatCount(Math.round(place)) : String(place);
}

/** Decades that are ticks of their own; of more, every second, third … is. */
const MOST_DECADES = 5;

/** Ticks of a logarithmic axis that enclose the positive ones among `values`: powers of ten, or 1, 2 and 5 times one where there are few. */
export function logTicks(values: readonly number[]): number[] {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) {
    if (!(value > 0) || value === Number.POSITIVE_INFINITY) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high === 0) return [];
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  if (last - first > 2) {
    const stride = Math.ceil((last - first) / MOST_DECADES);
    const count = Math.ceil((last - first) / stride) + 1;
    return Array.from({ length: count }, (_, index) => Number(`1e${first + index * stride}`));
  }
  const all: number[] = [];
  for (let power = first; power <= last; power++)
    for (const factor of [1, 2, 5]) all.push(Number(`${factor}e${power}`));
  const from = all.findLastIndex((tick) => tick <= low * (1 + 1e-9));
  const to = all.findIndex((tick) => tick >= high * (1 - 1e-9));
  // One value alone has room on both sides.
  return from === to ? all.slice(Math.max(0, from - 1), to + 2) : all.slice(from, to + 1);
}
