/** The bench in a browser: the rows of some groups against the libraries chosen, told as they come. */
import type { Gpu } from '../gpu/index.ts';
import { BENCH_LIBRARIES, type BenchReport, type Row } from '../protocol/bench.ts';
import type { CommandOf } from '../protocol/messages.ts';
import { measureCeilings } from './cases/ceilings.ts';
import { type Comparison, runComparison } from './comparison.ts';
import { startJax } from './peers/jax.ts';
import { familyOf, makeReport, withRates } from './report.ts';
import { suite } from './suite.ts';
import { DEFAULT_TIMING, type TimingOptions } from './timing.ts';

export type BenchWishes = Pick<CommandOf<'bench'>, 'groups' | 'libraries'>;

export interface BenchHooks {
  /** Told what was found so far, first of all the device's ceilings. */
  readonly tell: (report: BenchReport, done: number, total: number) => void;
  /** Asked before every comparison. */
  readonly isStopped: () => boolean;
}

/** Comparisons of the groups, with the peers that are wanted: a library only when chosen, our own plain ways always. */
export function chooseComparisons(
  all: readonly Comparison[],
  { groups, libraries }: BenchWishes,
): Comparison[] {
  const isWanted = (peer: string): boolean =>
    !BENCH_LIBRARIES.some((library) => library === peer) || libraries.some((library) => library === peer);
  return all
    .filter(({ kernel }) => groups.some((group) => group === familyOf(kernel)))
    .map((comparison) => ({ ...comparison, peers: comparison.peers.filter(isWanted) }))
    .filter(({ peers }) => peers.length > 0);
}

/** Runs it to the end, or until it is stopped; a row that is being timed is finished. */
export async function runBench(
  gpu: Gpu,
  wishes: BenchWishes,
  { tell, isStopped }: BenchHooks,
  timing: TimingOptions = DEFAULT_TIMING,
): Promise<void> {
  const chosen = chooseComparisons(suite(), wishes);
  const ceilings = await measureCeilings(gpu, timing);
  // Browsers may keep the description to themselves.
  const { description, vendor, architecture } = gpu.info;
  const run = { adapter: description || `${vendor} ${architecture}`, clock: 'wall', ceilings };
  const rows: Row[] = [];
  const report = (): BenchReport => makeReport(run, new Date(), rows);
  tell(report(), 0, chosen.length);
  if (chosen.some(({ peers }) => peers.includes('jax-js'))) await startJax();
  for (const [index, comparison] of chosen.entries()) {
    if (isStopped()) return;
    const timed = await runComparison(gpu, comparison, comparison.peers, timing);
    rows.push(...timed.map((row) => withRates(row, comparison.cost, ceilings)));
    tell(report(), index + 1, chosen.length);
  }
}
