/** Contests between ways of computing the same on a device: how they are timed, and what it takes to win. */
import {
  Arena,
  type Gpu,
  Plan,
  type Recorder,
  sizeOf,
  type Tensor,
  TILE_MAKERS,
  type TileMaker,
} from '../../gpu/index.ts';

/**
 * A result may differ so much from the plain way's, as norm(difference) / norm: sums are rounded in another order. A
 * device that takes subnormals of f16 as 0 changes weights, and so products, by 8e-5.
 */
export const GATE = 1e-5;
/** How much faster a maker must be to be taken: those that share reads than threads, and f16 than those that round no weights. */
const GAIN = 1.05;
const GAINS: Readonly<Record<TileMaker, number>> = {
  thread: 1,
  subgroup: GAIN,
  workgroup: GAIN,
  'f16 workgroup': GAIN ** 2,
};
const SAMPLES = 5;
/** A sample repeats the trial as often as fills this many milliseconds: on a GPU one is over before it is noticed. */
const SAMPLE_MS = 4;
const [LEAST_REPEATS, MOST_REPEATS] = [4, 64];

/** What was found for one class of work. */
export interface Finding {
  readonly maker: TileMaker;
  /** Milliseconds of the trial by each maker; absent where its result differs, or where the device has none such. */
  readonly ms: Readonly<Partial<Record<TileMaker, number>>>;
}

export interface TuningOptions {
  /** Milliseconds. */
  readonly now?: () => number;
  /** Norm-wise difference of the two results, over the norm. */
  readonly difference?: (found: Float32Array, expected: Float32Array) => number;
}

/** The first of the makers that were timed, unless another one is faster by more than chance. */
export function fastestMaker(ms: Finding['ms']): TileMaker {
  const tried = TILE_MAKERS.filter((maker) => ms[maker] !== undefined);
  const cost = (maker: TileMaker): number => ms[maker]! * GAINS[maker];
  return tried.reduce((best, maker) => (cost(maker) < cost(best) ? maker : best));
}

/** Trial numbers repeat only after a prime. */
const PERIOD = 10_007;

/** Numbers in [-1, 1). */
export const trialNumbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => ((index * 7919) % PERIOD) / (PERIOD / 2) - 1);

export interface Tried {
  readonly ms: number;
  /** Of the first run, one tensor behind the other. */
  readonly result: Float32Array;
}

/** What a first run of what is recorded leaves in `outs`, and the best time of a few more. */
export async function runTrial(
  gpu: Gpu,
  label: string,
  recorder: Recorder,
  outs: readonly Tensor[],
  now: () => number,
): Promise<Tried> {
  for (const out of outs) recorder.keep(out);
  using arena = new Arena(gpu, 'trial');
  using plan = await Plan.create(gpu, label, recorder, arena);
  await plan.run();
  const results: Float32Array[] = [];
  for (const out of outs) results.push((await gpu.read(plan.output(out))).slice(0, sizeOf(out.shape)));
  return {
    ms: await bestTime(gpu, plan, now),
    result: joined(results),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Milliseconds of a plan that has run before. */
async function bestTime(gpu: Gpu, plan: Plan, now: () => number): Promise<number> {
  const sample = async (repeats: number): Promise<number> => {
    const start = now();
    for (let repeat = 0; repeat < repeats; repeat++) await plan.run();
    await gpu.device.queue.onSubmittedWorkDone();
    return (now() - start) / repeats;
  };
  const fitting = Math.ceil(SAMPLE_MS / (await sample(1)));
  const repeats = Math.max(LEAST_REPEATS, Math.min(MOST_REPEATS, fitting));
  let best = Number.POSITIVE_INFINITY;
  for (let at = 0; at < SAMPLES; at++) best = Math.min(best, await sample(repeats));
  return best;
}
