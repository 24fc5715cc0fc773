/** Finds out, on a device, whether attention is walked over by teams of lanes, or by threads, each for itself. */
import { type Gpu, Tape, type Tensor, type TileMaker } from '../../gpu/index.ts';
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
import { attention } from './attention.ts';
import { ATTENTION, hasTeams } from './attention-walk.ts';

/** Extents of the trial: rows that see all before them, forward and backward. */
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

/** Teams are taken where results and gradients agree with the threads' on this very device, and they are faster. */
export async function tuneAttention(
  gpu: Gpu,
  { shape = SHAPE, now = () => performance.now(), difference = relativeDifference }: AttentionTuning = {},
): Promise<Finding> {
  const plain = await run(gpu, shape, 'thread', now);
  const ms: Partial<Record<TileMaker, number>> = { thread: plain.ms };
  if (hasTeams(gpu.traits.lanes)) {
    const shared = await run(gpu, shape, 'subgroup', now);
    if (difference(shared.result, plain.result) <= GATE) ms.subgroup = shared.ms;
  }
  return { maker: fastestMaker(ms), ms };
}

async function run(gpu: Gpu, shape: Shape, maker: TileMaker, now: () => number): Promise<Tried> {
  const { tokens, heads, kvHeads, headDim } = shape;
  const u32 = (label: string, width: number, rows: readonly number[][]): Tensor =>
    gpu.upload('inputs', `trial ${label}`, [tokens, width], Uint32Array.from(rows.flat()), 'u32');
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
    return gpu.upload('inputs', `trial ${label}`, extents, trialNumbers(tokens * count * headDim));
  };
  const trained = (label: string, count: number): Tensor => {
    const value = upload(label, count);
    return { ...value, grad: gpu.tensor('inputs', `d trial ${label}`, value.shape) };
  };
  const [q, k, v] = [trained('q', heads), trained('k', kvHeads), trained('v', kvHeads)];
  const dO = upload('dO', heads);
  // As if the device were no processor: those have a walk of their own.
  const tape = Tape.on({ traits: { ...gpu.traits, isSoftware: false, makers: { [ATTENTION]: maker } } });
  const o = attention(tape, q, k, v, { heads, kvHeads, headDim, spans, keySpans });
  tape.backward([[o, dO]]);
  const grads = [q, k, v].map(({ grad }) => grad!);
  const tried = await runTrial(gpu, `trial by ${maker}s`, tape.recorder, [o, ...grads], now);
  gpu.free(q, k, v, dO, spans, keySpans, ...grads);
  return tried;
}
