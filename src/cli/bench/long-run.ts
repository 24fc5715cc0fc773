/**
 * A small model trained for many steps: does a step take as long at the end as at the beginning? The machine's own speed
 * changes meanwhile, and steps that draw longer answers take longer. So two runs begin alike, each in a process of its own;
 * one waits behind its warm-up while the other goes on, and then both are timed step for step in turns, with equal draws.
 */
import { InputError } from '../../math/errors.ts';
import { median, quantile } from '../../math/stats.ts';
import type { Held, TimedRun, TimedStep } from './small-run.ts';

/** Steps left out at the beginning: there pipelines are compiled and passes recorded. */
const WARM_UP = 200;
const WINDOW = 200;
const LEAST_STEPS = WARM_UP + 2 * WINDOW;

export interface LongRun {
  readonly steps: number;
  /** Behind the warm-up, and at the end. */
  readonly held: { readonly first: Held; readonly last: Held };
  /** Median milliseconds of each window behind the warm-up, in order: draws and the machine differ between them. */
  readonly byWindow: readonly number[];
  /** Median milliseconds of the last window, and of the first of the run that waited, in turns. */
  readonly last: number;
  readonly first: number;
  /** Of each such pair of steps, the time of the first over that of the second: quartiles and median. */
  readonly ratios: { readonly low: number; readonly median: number; readonly high: number };
  /** Pairs whose longest answers were equally long: only these count. */
  readonly pairs: number;
}

type Steps = readonly TimedStep[];

const medianMs = (steps: Steps): number => median(steps.map(({ ms }) => ms));

async function warmUp(run: TimedRun): Promise<void> {
  for (let draw = 0; draw < WARM_UP; draw++) await run.step(draw);
}

async function timeWindow(run: TimedRun, first: number): Promise<TimedStep[]> {
  const steps: TimedStep[] = [];
  while (steps.length < WINDOW) steps.push(await run.step(first + steps.length));
  return steps;
}

/** Both draw what the first window behind the warm-up drew; now the one is first, now the other. */
async function timePairs(long: TimedRun, waiting: TimedRun): Promise<[TimedStep, TimedStep][]> {
  const pairs: [TimedStep, TimedStep][] = [];
  for (let draw = WARM_UP; draw < WARM_UP + WINDOW; draw++) {
    const before = draw % 2 === 0 ? await waiting.step(draw) : undefined;
    const last = await long.step(draw);
    pairs.push([last, before ?? (await waiting.step(draw))]);
  }
  return pairs;
}

function compare(
  pairs: readonly [TimedStep, TimedStep][],
): Pick<LongRun, 'last' | 'first' | 'ratios' | 'pairs'> {
  const alike = pairs.filter(([long, waiting]) => long.tokens === waiting.tokens);
  const ratios = alike.map(([long, waiting]) => long.ms / waiting.ms);
  return {
    last: medianMs(alike.map(([long]) => long)),
    first: medianMs(alike.map(([, waiting]) => waiting)),
    ratios: { low: quantile(ratios, 0.25), median: median(ratios), high: quantile(ratios, 0.75) },
    pairs: alike.length,
  };
}

/**
 * Trains `steps` steps: a warm-up, then whole windows, the last one beside the run that waited. Both runs are opened at the
 * beginning, so that only their steps differ. Throws an InputError where the steps are too few.
 */
export async function longRun(steps: number, open: () => TimedRun): Promise<LongRun> {
  if (steps < LEAST_STEPS) {
    throw new InputError(`${steps} steps are too few: expected at least ${LEAST_STEPS}.`);
  }
  using waiting = open();
  using long = open();
  for (const run of [waiting, long]) await warmUp(run);
  const first = await long.held();
  const byWindow: number[] = [];
  for (let step = WARM_UP; step + 2 * WINDOW <= steps; step += WINDOW) {
    byWindow.push(medianMs(await timeWindow(long, step)));
  }
  const pairs = await timePairs(long, waiting);
  byWindow.push(medianMs(pairs.map(([step]) => step)));
  const done = WARM_UP + WINDOW * byWindow.length;
  return { steps: done, held: { first, last: await long.held() }, byWindow, ...compare(pairs) };
}

const heldLine = (name: string, { gpuBytes, heapBytes }: Held): string =>
  `${name.padEnd(24)} GPU ${(gpuBytes / 2 ** 20).toFixed(2)} MiB, JS heap ${(heapBytes / 2 ** 20).toFixed(1)} MiB`;

export function longRunLines({ steps, held, byWindow, last, first, ratios, pairs }: LongRun): string[] {
  const { low, median: middle, high } = ratios;
  return [
    `${steps} GRPO steps of a small model:`,
    heldLine(`after a warm-up of ${WARM_UP}`, held.first),
    heldLine('at the end', held.last),
    `medians of ${WINDOW} steps each: ${byWindow.map((ms) => ms.toFixed(1)).join(' ')} ms`,
    `the last ${WINDOW}, in turns with the first ${WINDOW} of a run that waited: ${last.toFixed(1)} and ${first.toFixed(1)} ms`,
    `last over first ${middle.toFixed(3)} (half of ${pairs} pairs between ${low.toFixed(3)} and ${high.toFixed(3)})`,
  ];
}
