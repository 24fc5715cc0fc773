/** Autotuning of attention. */
import { type Gpu, Tape, type Tensor } from '../../gpu/index.ts';
import {
  type Finding,
  fastestVariant,
  type TimedResult,
  type TuningOptions,
  timedRun,
  tuningNumbers,
} from '../tuning/autotune.ts';
import { candidates, VARIANTS, type Variant } from '../tuning/variants.ts';
import { attention } from './attention.ts';

/** What is timed: causal attention, forward and backward. */
interface Shape {
  readonly tokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

const SHAPE: Shape = { tokens: 512, heads: 8, kvHeads: 2, headDim: 64 };

interface AttentionTuning extends TuningOptions {
  readonly shape?: Shape;
}

/** The fastest variant, by results and gradients. */
export function tuneAttention(
  gpu: Gpu,
  { shape = SHAPE, now = () => performance.now(), difference }: AttentionTuning = {},
): Promise<Finding> {
  const timed = (variant: Variant): Promise<TimedResult> => run(gpu, shape, variant, now);
  const task = { work: 'attention', headDim: shape.headDim };
  return fastestVariant(candidates(VARIANTS, 'attention', task, gpu.traits), timed, difference);
}

async function run(gpu: Gpu, shape: Shape, variant: Variant, now: () => number): Promise<TimedResult> {
  const { tokens, heads, kvHeads, headDim } = shape;
  const u32 = (label: string, width: number, rows: readonly number[][]): Tensor =>
    gpu.upload('inputs', `tuning ${label}`, [tokens, width], Uint32Array.from(rows.flat()), 'u32');
  const spans = u32(
    'spans',
    4,
    Array.from({ length: tokens }, (_, i) => [0, i + 1, 0, 0]),
  );
  const keySpans = u32(
    'key spans',
    2,
    Array.from({ length: tokens }, (_, i) => [i, tokens]),
  );
  const upload = (label: string, count: number): Tensor => {
    const extents = [tokens, count * headDim];
    return gpu.upload('inputs', `tuning ${label}`, extents, tuningNumbers(tokens * count * headDim));
  };
  const trained = (label: string, count: number): Tensor => {
    const value = upload(label, count);
    return { ...value, grad: gpu.tensor('inputs', `d tuning ${label}`, value.shape) };
  };
  const [q, k, v] = [trained('q', heads), trained('k', kvHeads), trained('v', kvHeads)];
  const dO = upload('dO', heads);
  const tape = Tape.on({ traits: { ...gpu.traits, variants: { attention: variant } } });
  const o = attention(tape, q, k, v, { heads, kvHeads, headDim, spans, keySpans });
  tape.backward([[o, dO]]);
  const grads = [q, k, v].map(({ grad }) => grad!);
  const timed = await timedRun(gpu, `attention by ${variant}`, tape.recorder, [o, ...grads], now);
  gpu.free(q, k, v, dO, spans, keySpans, ...grads);
  return timed;
}
