/** Finds out, on a device, who makes tiles of matrix products fastest: threads, subgroups or workgroups, these also with f16. */
import { type Gpu, Recorder, TILE_MAKERS, type TileMaker } from '../../gpu/index.ts';
import { f32ToBf16 } from '../../math/half.ts';
import { normal } from '../../math/random.ts';
import { relativeDifference } from '../../math/stats.ts';
import {
  type Finding,
  fastestMaker,
  GATE,
  runTrial,
  type Tried,
  type TuningOptions,
  trialNumbers,
} from '../tuning/contest.ts';
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

interface ProductTuning extends TuningOptions {
  readonly trials?: readonly Trial[];
}

/**
 * Times each class of products by each maker. Another maker than threads is taken only where its result agrees with the
 * threads' on this very device, and it is faster.
 */
export async function tuneProducts(
  gpu: Gpu,
  { trials = TRIALS, now = () => performance.now(), difference = relativeDifference }: ProductTuning = {},
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
    found[classOf(trial)] = { maker: fastestMaker(ms), ms };
  }
  return found;
}

const dtypeOf = ({ deviation }: Trial): 'f32' | 'bf16' => (deviation === undefined ? 'f32' : 'bf16');
const classOf = (trial: Trial): string => productClass(trial.layout, trial.m, dtypeOf(trial));

/** Trial weights repeat only after a prime. */
const PERIOD = 10_007;

/** bf16 weights, spread like published ones: many are small. */
export function trialWeights(count: number, deviation = DEVIATION): Uint16Array<ArrayBuffer> {
  const period = f32ToBf16(Float32Array.from({ length: PERIOD }, (_, index) => deviation * normal(1, index)));
  return Uint16Array.from({ length: count }, (_, index) => period[index % PERIOD]!);
}

/** The best of a few times, and the product itself. */
async function run(gpu: Gpu, trial: Trial, maker: TileMaker, now: () => number): Promise<Tried> {
  const { layout, m, n, k, deviation } = trial;
  const a = gpu.upload('inputs', 'trial a', layout === 'tn' ? [k, m] : [m, k], trialNumbers(m * k));
  const values = deviation === undefined ? trialNumbers(n * k) : trialWeights(n * k, deviation);
  const b = gpu.upload('inputs', 'trial b', layout === 'nt' ? [n, k] : [k, n], values, dtypeOf(trial));
  const recorder = new Recorder({ ...gpu.traits, makers: { [classOf(trial)]: maker } });
  const out = recorder.temp('trial', [m, n]);
  matmul(recorder, layout, { a, b, out });
  const tried = await runTrial(gpu, `trial by ${maker}`, recorder, [out], now);
  gpu.free(a, b);
  return tried;
}
