/** Autotuning of a decode step: its GEMVs, and its attention over the KV cache. */
import { type Gpu, Recorder, sizeOf, type Tensor } from '../../gpu/index.ts';
import {
  type Finding,
  fastestVariant,
  type TimedResult,
  type TuningOptions,
  timedRun,
  tuningNumbers,
} from '../tuning/autotune.ts';
import { candidates, VARIANTS, type Variant } from '../tuning/variants.ts';
import { decodeAttention } from './decode-attention.ts';
import { addProjection, projections } from './decode-linear.ts';
import { type DecodeVariant, decodeVariant } from './gemv.ts';

/** What is timed: some layers' attention between its projections, for a group's completions. */
interface Shape {
  readonly layers: number;
  readonly rows: number;
  readonly keys: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

const SHAPE: Shape = { layers: 16, rows: 8, keys: 512, heads: 16, kvHeads: 2, headDim: 64 };

interface DecodeTuning extends TuningOptions {
  readonly shape?: Shape;
}

/** The fastest variant. */
export function tuneDecode(
  gpu: Gpu,
  { shape = SHAPE, now = () => performance.now(), difference }: DecodeTuning = {},
): Promise<Finding> {
  const timed = (name: Variant): Promise<TimedResult> =>
    run(gpu, shape, decodeVariant(name, gpu.traits), now);
  return fastestVariant(candidates(VARIANTS, 'decode', { work: 'decode' }, gpu.traits), timed, difference);
}

async function run(gpu: Gpu, shape: Shape, variant: DecodeVariant, now: () => number): Promise<TimedResult> {
  const { layers, rows, keys: seen, heads, kvHeads, headDim } = shape;
  const [width, kvWidth] = [heads * headDim, kvHeads * headDim];
  const made: Tensor[] = [];
  const upload = (label: string, extents: readonly number[], data?: Uint32Array): Tensor => {
    const count = sizeOf(extents);
    const tensor = gpu.upload(
      'inputs',
      `tuning ${label}`,
      extents,
      data ?? tuningNumbers(count),
      data ? 'u32' : 'f32',
    );
    made.push(tensor);
    return tensor;
  };
  const spans = Array.from({ length: rows }, (_, row) => [0, seen, seen + row, seen + row + 1]);
  const [x, residual] = [upload('x', [rows, width]), upload('residual', [rows, width])];
  const norm = { weight: upload('norm', [width]), eps: 1e-6 };
  const qkv = [width, kvWidth, kvWidth].map((out) => ({ weight: upload('weight', [out, width]) }));
  const output = { weight: upload('weight', [width, width]) };
  const seenTensors = {
    valueBias: upload('bias', [kvWidth]),
    angles: upload('angles', [rows, 2, headDim / 2]),
    spans: upload('spans', [rows, 4], Uint32Array.from(spans.flat())),
    keys: upload('keys', [seen + rows, kvWidth]),
    values: upload('values', [seen + rows, kvWidth]),
  };
  const recorder = new Recorder(gpu.traits);
  let mixed = x;
  for (let layer = 0; layer < layers; layer++) {
    const projected = projections(recorder, { x, norm, variant }, qkv);
    mixed = decodeAttention(recorder, { qkv: projected, ...seenTensors }, shape, variant);
    addProjection(recorder, { x: mixed, variant }, output, residual);
  }
  const timed = await timedRun(gpu, `decode by ${variant.name}`, recorder, [mixed, residual], now);
  gpu.free(...made);
  return timed;
}
