/** Finds out, on a device, who makes tiles of matrix products fastest: threads, subgroups or workgroups, these also with f16. */
import { Arena, type Gpu, Plan, Recorder, TILE_MAKERS, type TileMaker } from '../gpu/index.ts';
import { f32ToBf16 } from '../math/half.ts';
import { normal } from '../math/random.ts';
import { relativeDifference } from '../math/stats.ts';
import { hasMaker, type MatmulLayout, matmul, productClass } from './matmul.ts';

interface Trial {
  readonly layout: MatmulLayout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Standard deviation of B, if it holds bf16 weights. */
  readonly deviation?: number;
}

/** That of published weights, a few in a thousand of which f16 holds as subnormals only. */
const DEVIATION = 0.02;

/** One product of each class, of a billion operations or less: milliseconds on a small GPU. */
const TRIALS: readonly Trial[] = [
  { layout: 'nt', m: 512, n: 1024, k: 1024 },
  { layout: 'nn', m: 512, n: 1024, k: 1024 },
  { layout: 'tn', m: 1024, n: 1024, k: 512 },
  { layout: 'nt', m: 8, n: 4096, k: 1024 },
  { layout: 'nt', m: 512, n: 1024, k: 1024, deviation: DEVIATION },
  { layout: 'nn', m: 512, n: 1024, k: 1024, deviation: DEVIATION },
];

/**
 * Another maker's product may differ so much from a thread's, as norm(difference) / norm: sums are rounded in another order. A
 * device that takes subnormals of f16 as 0 changes weights, and so products, by 8e-5.
 */
const GATE = 1e-5;
/** How much faster a maker must be to be taken: those that share reads than threads, and f16 than those that round no weights. */
const GAIN = 1.05;
const GAINS: Readonly<Record<TileMaker, number>> = {
  thread: 1,
  subgroup: GAIN,
  workgroup: GAIN,
  'f16 workgroup': GAIN ** 2,
};
const SAMPLES = 5;
const REPEATS = 4;

/** What was found for one class of products. */
export interface Finding {
  readonly maker: TileMaker;
  /** Milliseconds of the trial by each maker; absent where its result differs, or where the device has none such. */
  readonly ms: Readonly<Partial<Record<TileMaker, number>>>;
}

export interface TuningOptions {
  readonly trials?: readonly Trial[];
  /** Milliseconds. */
  readonly now?: () => number;
  /** Norm-wise difference of the two results, over the norm. */
  readonly difference?: (found: Float32Array, expected: Float32Array) => number;
}

/**
 * Times each class of products by each maker. Another maker than threads is taken only where its result agrees with the
 * threads' on this very device, and it is faster.
 */
export async function tuneProducts(
  gpu: Gpu,
  { trials = TRIALS, now = () => performance.now(), difference = relativeDifference }: TuningOptions = {},
): Promise<Record<string, Finding>> {
  const found: Record<string, Finding> = {};
  for (const trial of trials) {
    const makers = TILE_MAKERS.filter((maker) => hasMaker(maker, gpu.traits, dtypeOf(trial)));
    const plain = await run(gpu, trial, 'thread', now);
    const ms: Partial<Record<TileMaker, number>> = { thread: plain.ms };
    for (const maker of makers.slice(1)) {
      const { ms: time, result } = await run(gpu, trial, maker, now);
      if (difference(result, plain.result) <= GATE) ms[maker] = time;
    }
    found[classOf(trial)] = { maker: fastest(ms), ms };
  }
  return found;
}

const dtypeOf = ({ deviation }: Trial): 'f32' | 'bf16' => (deviation === undefined ? 'f32' : 'bf16');
const classOf = (trial: Trial): string => productClass(trial.layout, trial.m, dtypeOf(trial));

/** Threads, unless another maker is faster by more than chance. */
function fastest(ms: Finding['ms']): TileMaker {
  const cost = (maker: TileMaker): number => (ms[maker] ?? Number.POSITIVE_INFINITY) * GAINS[maker];
  return TILE_MAKERS.reduce((best, maker) => (cost(maker) < cost(best) ? maker : best));
}

/** Trial numbers repeat only after a prime. */
const PERIOD = 10_007;

/** Numbers in [-1, 1). */
const sample = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => ((index * 7919) % PERIOD) / (PERIOD / 2) - 1);

/** bf16 weights, spread like published ones: many are small. */
export function trialWeights(count: number, deviation = DEVIATION): Uint16Array<ArrayBuffer> {
  const period = f32ToBf16(Float32Array.from({ length: PERIOD }, (_, index) => deviation * normal(1, index)));
  return Uint16Array.from({ length: count }, (_, index) => period[index % PERIOD]!);
}

/** The best of a few times, and the product itself. */
async function run(
  gpu: Gpu,
  trial: Trial,
  maker: TileMaker,
  now: () => number,
): Promise<{ ms: number; result: Float32Array }> {
  const { layout, m, n, k, deviation } = trial;
  const a = gpu.upload('inputs', 'trial a', layout === 'tn' ? [k, m] : [m, k], sample(m * k));
  const values = deviation === undefined ? sample(n * k) : trialWeights(n * k, deviation);
  const b = gpu.upload('inputs', 'trial b', layout === 'nt' ? [n, k] : [k, n], values, dtypeOf(trial));
  const recorder = new Recorder({ ...gpu.traits, makers: { [classOf(trial)]: maker } });
  const out = recorder.keep(recorder.temp('trial', [m, n]));
  matmul(recorder, layout, { a, b, out });
  using arena = new Arena(gpu, 'trial');
  using plan = await Plan.create(gpu, `trial by ${maker}`, recorder, arena);
  const ms = await bestTime(gpu, plan, now);
  const result = await gpu.read(plan.output(out));
  gpu.free(a, b);
  return { ms, result: result.slice(0, m * n) };
}

async function bestTime(gpu: Gpu, plan: Plan, now: () => number): Promise<number> {
  // The first run warms up and waits by itself.
  await plan.run();
  let best = Number.POSITIVE_INFINITY;
  for (let at = 0; at < SAMPLES; at++) {
    const start = now();
    for (let repeat = 0; repeat < REPEATS; repeat++) await plan.run();
    await gpu.device.queue.onSubmittedWorkDone();
    best = Math.min(best, (now() - start) / REPEATS);
  }
  return best;
}

/** The findings as one line: milliseconds by maker, and the one that is taken. */
export function tuningText(found: Readonly<Record<string, Finding>>): string {
  const classes = Object.entries(found).map(([name, { maker, ms }]) => {
    const times = Object.entries(ms).map(([each, time]) => `${each} ${time.toFixed(2)} ms`);
    return `${name} by ${maker}s (${times.join(', ')})`;
  });
  return `products ${classes.join('; ')}`;
}

/** Who makes tiles by these findings. */
export const makersOf = (found: Readonly<Record<string, Finding>>): Record<string, TileMaker> =>
  Object.fromEntries(Object.entries(found).map(([name, { maker }]) => [name, maker]));
