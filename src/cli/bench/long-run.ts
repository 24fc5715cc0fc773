/** A tiny model trained for many steps: does a step take as long at the end as at the beginning? */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GrpoSteps } from '../../bench/grpo-step.ts';
import type { Gpu } from '../../gpu/index.ts';
import { InputError } from '../../math/errors.ts';
import { median } from '../../math/stats.ts';
import { randomPolicy } from './random-checkpoint.ts';

/** One layer of four heads of 8. */
const TINY = {
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 64,
};
/** An eighth of the ids ends a completion, so that lengths vary and passes of several sizes are recorded. */
const SIZE = { group: 4, promptTokens: 16, length: 32, endIds: 8, beta: 0.04 };
/** Steps left out at the beginning: there pipelines are compiled and passes recorded. */
const WARM_UP = 100;
const WINDOW = 100;
const LEAST_STEPS = WARM_UP + 2 * WINDOW;
/** Rounds of the loop that tells the machine's own speed: about a millisecond. */
const ROUNDS = 1_000_000;

/** Of one end of a run. */
export interface RunEnd {
  readonly stepMs: number;
  /** Milliseconds of a loop that does not change: what the machine itself did. */
  readonly loopMs: number;
  readonly gpuBytes: number;
  readonly heapBytes: number;
}

export interface LongRun {
  readonly steps: number;
  readonly first: RunEnd;
  readonly last: RunEnd;
  /** Median milliseconds of every hundred steps behind the warm-up, in order: a drift would be a slope. */
  readonly byHundred: readonly number[];
  /** Step times, last over first. */
  readonly ratio: number;
  /** The same with the machine's own drift taken out. */
  readonly steadyRatio: number;
}

function loop(): number {
  let sum = 0;
  for (let i = 0; i < ROUNDS; i++) sum = (sum * 31 + i) % 65_521;
  return sum;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

interface Sample {
  readonly stepMs: number;
  readonly loopMs: number;
}

async function timeStep(steps: GrpoSteps, step: number, now: () => number): Promise<Sample> {
  const start = now();
  loop();
  const loopMs = now() - start;
  const { rolloutMs, updateMs } = await steps.run(step, now);
  return { stepMs: rolloutMs + updateMs, loopMs };
}

/** Medians of a window, and what is in memory after it. */
async function timeWindow(gpu: Gpu, samples: readonly Sample[]): Promise<RunEnd> {
  return {
    stepMs: median(samples.map(({ stepMs }) => stepMs)),
    loopMs: median(samples.map(({ loopMs }) => loopMs)),
    gpuBytes: gpu.ledger.total,
    heapBytes: heapBytes(),
  };
}

/** Trains `steps` steps: a warm-up, then whole windows. Throws an InputError where they are too few. */
export async function longRun(gpu: Gpu, steps: number, now: () => number): Promise<LongRun> {
  using policy = await randomPolicy(gpu, TINY, { rank: 4, maxPositions: 64 });
  using run = await GrpoSteps.create(policy, SIZE);
  for (let step = 0; step < WARM_UP; step++) await run.run(step);
  const ends: RunEnd[] = [];
  for (let step = WARM_UP; step + WINDOW <= steps; step += WINDOW) {
    const samples: Sample[] = [];
    while (samples.length < WINDOW) samples.push(await timeStep(run, step + samples.length, now));
    ends.push(await timeWindow(gpu, samples));
  }
  const [first, last] = [ends[0], ends.at(-1)];
  if (!first || !last || ends.length < 2)
    throw new InputError(`${steps} steps are too few: expected at least ${LEAST_STEPS}.`);
  const ratio = last.stepMs / first.stepMs;
  const byHundred = ends.map(({ stepMs }) => stepMs);
  return { steps, first, last, byHundred, ratio, steadyRatio: (ratio * first.loopMs) / last.loopMs };
}

const endLine = (name: string, { stepMs, loopMs, gpuBytes, heapBytes }: RunEnd): string =>
  `${name.padEnd(20)} ${stepMs.toFixed(1)} ms a step, loop ${loopMs.toFixed(2)} ms, GPU ${(gpuBytes / 2 ** 20).toFixed(2)} MiB, JS heap ${(heapBytes / 2 ** 20).toFixed(1)} MiB`;

export function longRunLines({ steps, first, last, byHundred, ratio, steadyRatio }: LongRun): string[] {
  return [
    `${steps} GRPO steps of a tiny model, medians of ${WINDOW} steps:`,
    endLine(`after a warm-up of ${WARM_UP}`, first),
    endLine('at the end', last),
    `by hundreds: ${byHundred.map((ms) => ms.toFixed(1)).join(' ')} ms`,
    `last over first ${ratio.toFixed(3)}; ${steadyRatio.toFixed(3)} where a loop that never changes is the clock`,
  ];
}
