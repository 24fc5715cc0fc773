import { Arena, type Gpu, Plan, Recorder, type Tensor } from '../../gpu/index.ts';
import { type Ceilings, CHAIN_OPERATIONS, recordChains, recordCopy } from '../../ops/tuning/ceilings.ts';

/** How much is copied and computed at a time. */
export interface CeilingSizes {
  /** f32 values copied; more than caches hold. */
  readonly copied: number;
  /** Threads that multiply and add, and their steps. */
  readonly threads: number;
  readonly steps: number;
}

/** 64 MiB, and 9 billion operations: a tenth of a second on a small GPU, more than a submission's overhead on a large one. */
const SIZES: CeilingSizes = { copied: 2 ** 24, threads: 2 ** 18, steps: 2 ** 6 };
/** A sample should last that long, so that waiting for the device weighs little. */
const SAMPLE_MS = 20;
const MOST_REPEATS = 256;
const SAMPLES = 3;

/** Milliseconds of one run, at best. */
async function bestMs(
  gpu: Gpu,
  values: number,
  record: (recorder: Recorder, x: Tensor) => Tensor,
): Promise<number> {
  const x = gpu.tensor('inputs', 'ceiling input', [values]);
  const recorder = new Recorder();
  recorder.keep(record(recorder, x));
  using arena = new Arena(gpu, 'ceilings');
  using plan = await Plan.create(gpu, 'ceilings', recorder, arena);
  const sample = async (repeats: number): Promise<number> => {
    const start = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) await plan.run();
    await gpu.device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / repeats;
  };
  // The first run warms up and waits by itself.
  await plan.run();
  const repeats = Math.ceil(SAMPLE_MS / Math.max(await sample(1), SAMPLE_MS / MOST_REPEATS));
  const times: number[] = [];
  while (times.length < SAMPLES) times.push(await sample(repeats));
  gpu.free(x);
  return Math.min(...times);
}

const known = new WeakMap<Gpu, Promise<Ceilings>>();

/**
 * What a device gives at best, measured once, in half a second. Undefined on software adapters, where it would take much
 * longer and say little: their cores have other work.
 */
export async function ceilingsOf(
  gpu: Gpu,
  measure: (gpu: Gpu) => Promise<Ceilings> = quickCeilings,
): Promise<Ceilings | undefined> {
  if (gpu.isSoftware) return undefined;
  const ceilings = known.get(gpu) ?? measure(gpu);
  known.set(gpu, ceilings);
  return await ceilings;
}

/** The same where it has been measured: a question about a run is answered without waiting for that. */
export const measuredCeilings = async (gpu: Gpu): Promise<Ceilings | undefined> => known.get(gpu);

/** Measures bandwidth and rate of multiply-adds. */
export async function quickCeilings(
  gpu: Gpu,
  { copied, threads, steps }: CeilingSizes = SIZES,
): Promise<Ceilings> {
  const chainMs = await bestMs(gpu, 4 * threads, (recorder, x) => recordChains(recorder, x, steps));
  const copyMs = await bestMs(gpu, copied, recordCopy);
  return {
    gflops: (threads * steps * CHAIN_OPERATIONS) / chainMs / 1e6,
    gigabytes: (2 * 4 * copied) / copyMs / 1e6,
  };
}
