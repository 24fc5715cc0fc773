/** Autotuning: kernel variants timed against each other on a device, if their results agree there. */

import { Arena, type Gpu, Plan, type Recorder, sizeOf, type Tensor } from '../../gpu/index.ts';
import { concatenated } from '../../math/arrays.ts';
import { relativeDifference } from '../../math/stats.ts';
import type { Variant, VariantRow } from './variants.ts';

/**
 * How far a result may be from the first variant's, as norm(difference) / norm: sums are rounded in another order. On a
 * device that takes subnormals of f16 as 0, matmuls by f16 are off by 8e-5, and are not taken.
 */
const GATE = 1e-5;
const SAMPLES = 5;
/** A sample repeats the work until it takes this many milliseconds: one run on a GPU is too short to be timed. */
const SAMPLE_MS = 4;
const [LEAST_REPEATS, MOST_REPEATS] = [4, 64];

/** What was found for one class of work. */
export interface Finding<V extends string = Variant> {
  /** The fastest. */
  readonly variant: V;
  /** Milliseconds by variant; absent where its result differs, or where the device does not have it. */
  readonly ms: Readonly<Partial<Record<V, number>>>;
}

export interface TuningOptions {
  /** Milliseconds. */
  readonly now?: () => number;
  /** Norm-wise difference of the two results, over the norm. */
  readonly difference?: (found: Float32Array, expected: Float32Array) => number;
}

/**
 * The fastest of the variants that can do a class of work on a device (`candidates`), of those whose results agree with the first one's on
 * this very device. `run` does the work by one variant and times it.
 */
export async function fastestVariant<V extends string>(
  rows: readonly VariantRow<V>[],
  run: (variant: V) => Promise<TimedResult>,
  difference: TuningOptions['difference'] = relativeDifference,
): Promise<Finding<V>> {
  const ms: Partial<Record<V, number>> = {};
  let expected: Float32Array | undefined;
  let best: { readonly variant: V; readonly cost: number } | undefined;
  for (const { variant, margin } of rows) {
    const { ms: time, result } = await run(variant);
    if (expected && difference(result, expected) > GATE) continue;
    expected ??= result;
    ms[variant] = time;
    if (!best || time * margin < best.cost) best = { variant, cost: time * margin };
  }
  if (!best) throw new Error('No row of src/ops/tuning/variants.ts can do this work on this device.');
  return { variant: best.variant, ms };
}

/** Period of the test numbers: a prime, so that matrix rows do not line up. */
const PERIOD = 10_007;

/** Numbers in [-1, 1). */
export const tuningNumbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => ((index * 7919) % PERIOD) / (PERIOD / 2) - 1);

/** A variant's result, and how long it took. */
export interface TimedResult {
  readonly ms: number;
  /** Of the first run, one tensor behind the other. */
  readonly result: Float32Array;
}

/** Runs what is recorded once for its result in `outs`, and a few times more for the best time. */
export async function timedRun(
  gpu: Gpu,
  label: string,
  recorder: Recorder,
  outs: readonly Tensor[],
  now: () => number,
): Promise<TimedResult> {
  for (const out of outs) recorder.keep(out);
  using arena = new Arena(gpu, 'autotuning');
  using plan = await Plan.create(gpu, label, recorder, arena);
  await plan.run();
  const results: Float32Array[] = [];
  for (const out of outs) results.push((await gpu.read(plan.output(out))).slice(0, sizeOf(out.shape)));
  return {
    ms: await bestTime(gpu, plan, now),
    result: concatenated(results),
  };
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
