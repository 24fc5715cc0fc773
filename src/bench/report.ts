/** What a bench found: rows, their geometric means, and both as text. Runs anywhere. */
import { mean } from '../math/stats.ts';
import type { Cost } from '../rl/cost-model.ts';
import type { Timing } from './timing.ts';

/** One comparison. A ratio is their time over ours: above 1 we are faster. */
export interface Row {
  /** What is computed; its first word is the family that means are taken over. */
  readonly kernel: string;
  readonly shape: string;
  readonly peer: string;
  /** Median milliseconds of one computation. */
  readonly oursMs: number;
  /** null where the peer cannot do it; `note` says why. */
  readonly theirsMs: number | null;
  readonly ratio: number | null;
  /** Quartiles of the samples, in milliseconds. */
  readonly oursSpread: readonly [number, number];
  readonly theirsSpread: readonly [number, number] | null;
  readonly note?: string;
  /** What our side computes and moves a second, where the device's ceilings were measured. */
  readonly rates?: Rates;
}

/** Rates of one side, and shares of the best that the device gave in the same run. */
export interface Rates {
  readonly gflops: number;
  readonly gflopsShare: number;
  /** The least bytes that have to be moved, in 1e9 a second. */
  readonly gigabytes: number;
  readonly gigabytesShare: number;
}

export interface BenchReport {
  readonly adapter: string;
  /** ISO 8601. */
  readonly date: string;
  /** What was timed: `wall` time, or `cpu`, the processor time of this process. */
  readonly clock: string;
  /** The most that the device gave in this run. */
  readonly ceilings: Ceilings;
  readonly rows: readonly Row[];
  /** Geometric mean of the ratios by `family/peer`; a key is there only when such rows were measured. */
  readonly summary: Readonly<Record<string, number>>;
}

/** The most that a device gave, in a run, on its machine: what other kernels' rates are shares of. */
export interface Ceilings {
  readonly gflops: number;
  /** Bytes read and written, in 1e9 a second. */
  readonly gigabytes: number;
}

/** The n-th root of the product of n positive numbers; NaN for none. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}

const spreadOf = ({ lowMs, highMs }: Timing): [number, number] => [lowMs, highMs];

export interface RowName {
  readonly kernel: string;
  readonly shape: string;
  readonly peer: string;
}

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

/** The key of a row's mean: its family and its peer. */
export const summaryKey = ({ kernel, peer }: Pick<Row, 'kernel' | 'peer'>): string =>
  `${kernel.split(' ')[0]}/${peer}`;

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
  return { ...run, date: date.toISOString(), rows, summary: summarise(rows) };
}

const milliseconds = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(1));

const timeText = (ms: number, [low, high]: readonly [number, number]): string =>
  `${milliseconds(ms)} ms (${milliseconds(low)} to ${milliseconds(high)})`;

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

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Our rates in words. */
export const rateText = ({ gflops, gflopsShare, gigabytes, gigabytesShare }: Rates): string =>
  `    ours: ${gflops.toFixed(2)} GFLOP/s (${percent(gflopsShare)} of the best), ${gigabytes.toFixed(2)} GB/s (${percent(gigabytesShare)})`;

/** The means, one a line; every number above 1 says that we are faster. */
export function summaryLines(summary: Readonly<Record<string, number>>): string[] {
  const lines = Object.entries(summary).map(([key, value]) => `  ${key.padEnd(28)} ${value.toFixed(2)}x`);
  return ['Geometric means of their time over ours (above 1: we are faster):', ...lines];
}
