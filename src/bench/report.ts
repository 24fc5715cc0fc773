/** What a bench found: rows, their geometric means, and both as text. Runs anywhere. */
import { formatMilliseconds, formatPercent } from '../math/format.ts';
import { mean } from '../math/stats.ts';
import type { BenchReport, Ceilings, Rates, Row, RowName } from '../protocol/bench.ts';
import type { Cost } from '../rl/measure/cost-model.ts';
import type { Timing } from './timing.ts';

/** The n-th root of the product of n positive numbers; NaN for none. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}

const spreadOf = ({ lowMs, highMs }: Timing): [number, number] => [lowMs, highMs];

/** The row of a comparison with a peer that was timed, or that says why it cannot be. */
export function makeRow(name: RowName, ours: Timing, theirs: Timing | string): Row {
  const { kernel, shape, peer } = name;
  const own = { kernel, shape, peer, oursMs: ours.medianMs, oursSpread: spreadOf(ours) };
  if (typeof theirs === 'string') {
    return { ...own, theirsMs: null, ratio: null, theirsSpread: null, note: theirs };
  }
  return {
    ...own,
    theirsMs: theirs.medianMs,
    ratio: theirs.medianMs / ours.medianMs,
    theirsSpread: spreadOf(theirs),
  };
}

/** What means are taken over: the first word of what is computed. */
export const familyOf = (kernel: string): string => kernel.split(' ')[0]!;

/** The key of a row's mean: its family and its peer. */
export const summaryKey = ({ kernel, peer }: Pick<Row, 'kernel' | 'peer'>): string =>
  `${familyOf(kernel)}/${peer}`;

/** Geometric means of all ratios that were measured. */
export function summarise(rows: readonly Row[]): Record<string, number> {
  const ratios = new Map<string, number[]>();
  for (const row of rows) {
    if (row.ratio === null) continue;
    const key = summaryKey(row);
    ratios.set(key, [...(ratios.get(key) ?? []), row.ratio]);
  }
  return Object.fromEntries([...ratios].map(([key, values]) => [key, geometricMean(values)]));
}

export function makeReport(
  run: Pick<BenchReport, 'adapter' | 'clock' | 'ceilings'>,
  date: Date,
  rows: readonly Row[],
): BenchReport {
  return { ...run, date: date.toISOString(), rows: [...rows], summary: summarise(rows) };
}

const timeText = (ms: number, [low, high]: readonly [number, number]): string =>
  `${formatMilliseconds(ms)} ms (${formatMilliseconds(low)} to ${formatMilliseconds(high)})`;

/** One line of the table: medians with quartiles, and the ratio. */
export function rowLine(row: Row): string {
  const name = `${row.kernel.padEnd(26)} ${row.shape.padEnd(34)}`;
  const ours = timeText(row.oursMs, row.oursSpread).padEnd(30);
  if (row.theirsMs === null || row.theirsSpread === null || row.ratio === null) {
    return `${name} ${ours} ${row.peer}: ${row.note ?? 'not measured'}`;
  }
  const theirs = `${row.peer} ${timeText(row.theirsMs, row.theirsSpread)}`;
  return `${name} ${ours} ${theirs.padEnd(46)} ${row.ratio.toFixed(2)}x`;
}

/** The most that the device gave in this run. */
export const ceilingsText = ({ gflops, gigabytes }: Ceilings): string =>
  `at best ${gflops.toFixed(1)} GFLOP/s (multiply-adds in registers) and ${gigabytes.toFixed(1)} GB/s (copy) in this run`;

/** The row with our rates. */
export function withRates(row: Row, { flops, bytes }: Cost, ceilings: Ceilings): Row {
  const gflops = flops / row.oursMs / 1e6;
  const gigabytes = bytes / row.oursMs / 1e6;
  const shares = { gflopsShare: gflops / ceilings.gflops, gigabytesShare: gigabytes / ceilings.gigabytes };
  return { ...row, rates: { gflops, gigabytes, ...shares } };
}

/** Our rates in words. */
export const rateText = ({ gflops, gflopsShare, gigabytes, gigabytesShare }: Rates): string =>
  `    ours: ${gflops.toFixed(2)} GFLOP/s (${formatPercent(gflopsShare, 0)} of the best), at least ${gigabytes.toFixed(2)} GB/s (${formatPercent(gigabytesShare, 0)})`;

/** The means, one a line; every number above 1 says that we are faster. */
export function summaryLines(summary: Readonly<Record<string, number>>): string[] {
  const lines = Object.entries(summary).map(([key, value]) => `  ${key.padEnd(28)} ${value.toFixed(2)}x`);
  return ['Geometric means of their time over ours (above 1: we are faster):', ...lines];
}
