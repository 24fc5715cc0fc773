/** Autotuning of matmul. */
import { type Gpu, Recorder } from '../../gpu/index.ts';
import { f32ToBf16 } from '../../math/half.ts';
import { normal } from '../../math/random.ts';
import {
  type Finding,
  fastestVariant,
  type TimedResult,
  type TuningOptions,
  timedRun,
  tuningNumbers,
} from '../tuning/autotune.ts';
import { candidates, VARIANTS, type Variant } from '../tuning/variants.ts';
import { type MatmulLayout, matmul, workClass } from './matmul.ts';

interface MatmulCase {
  readonly layout: MatmulLayout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Standard deviation of B, if it holds bf16 weights. */
  readonly deviation?: number;
}

/** That of published weights, a few in a thousand of which f16 holds as subnormals only. */
const DEVIATION = 0.02;

/** One matmul of each class, of a billion operations or less: milliseconds on a small GPU. */
const CASES: readonly MatmulCase[] = [
  { layout: 'nt', m: 512, n: 1024, k: 1024 },
  { layout: 'nn', m: 512, n: 1024, k: 1024 },
  { layout: 'tn', m: 1024, n: 1024, k: 512 },
  { layout: 'nt', m: 8, n: 4096, k: 1024 },
  { layout: 'nt', m: 512, n: 1024, k: 1024, deviation: DEVIATION },
  { layout: 'nn', m: 512, n: 1024, k: 1024, deviation: DEVIATION },
];

interface MatmulTuning extends TuningOptions {
  readonly cases?: readonly MatmulCase[];
}

/** The fastest variant of each class of matmuls. */
export async function tuneMatmul(
  gpu: Gpu,
  { cases = CASES, now = () => performance.now(), difference }: MatmulTuning = {},
): Promise<Record<string, Finding>> {
  const found: Record<string, Finding> = {};
  for (const one of cases) {
    const task = { work: workOf(one), dtype: dtypeOf(one) };
    const timed = (variant: Variant): Promise<TimedResult> => run(gpu, one, variant, now);
    found[task.work] = await fastestVariant(
      candidates(VARIANTS, 'matmul', task, gpu.traits),
      timed,
      difference,
    );
  }
  return found;
}

const dtypeOf = ({ deviation }: MatmulCase): 'f32' | 'bf16' => (deviation === undefined ? 'f32' : 'bf16');
const workOf = (one: MatmulCase): string => workClass(one.layout, one.m, dtypeOf(one));

/** Test weights repeat only after a prime. */
const PERIOD = 10_007;

/** bf16 weights, spread like published ones: many are small. */
export function tuningWeights(count: number, deviation = DEVIATION): Uint16Array<ArrayBuffer> {
  const period = f32ToBf16(Float32Array.from({ length: PERIOD }, (_, index) => deviation * normal(1, index)));
  return Uint16Array.from({ length: count }, (_, index) => period[index % PERIOD]!);
}

async function run(gpu: Gpu, one: MatmulCase, variant: Variant, now: () => number): Promise<TimedResult> {
  const { layout, m, n, k, deviation } = one;
  const a = gpu.upload('inputs', 'tuning a', layout === 'tn' ? [k, m] : [m, k], tuningNumbers(m * k));
  const values = deviation === undefined ? tuningNumbers(n * k) : tuningWeights(n * k, deviation);
  const b = gpu.upload('inputs', 'tuning b', layout === 'nt' ? [n, k] : [k, n], values, dtypeOf(one));
  const recorder = new Recorder({ ...gpu.traits, variants: { [workOf(one)]: variant } });
  const out = recorder.temp('tuning', [m, n]);
  matmul(recorder, layout, { a, b, out });
  const timed = await timedRun(gpu, `matmul by ${variant}`, recorder, [out], now);
  gpu.free(a, b);
  return timed;
}
