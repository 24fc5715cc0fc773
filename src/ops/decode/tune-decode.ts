/** Finds out, on a device, whether the few rows of a decode step are worked on by subgroups, or by way of workgroup memory. */
import { type Gpu, Recorder, type Tensor, type TileMaker } from '../../gpu/index.ts';
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
import { decodeAttention } from './decode-attention.ts';
import { addProjection, projections } from './decode-linear.ts';
import { bySubgroups, canShareBySubgroups, type Threads, TOGETHER } from './few-rows.ts';

/** Extents of the trial: some layers' attention between its projections, on the rows of a group. */
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

/** Subgroups are taken where their result agrees with the other way's on this very device, and they are faster. */
export async function tuneDecode(
  gpu: Gpu,
  { shape = SHAPE, now = () => performance.now(), difference = relativeDifference }: DecodeTuning = {},
): Promise<Finding> {
  const plain = await run(gpu, shape, TOGETHER, now);
  const ms: Partial<Record<TileMaker, number>> = { workgroup: plain.ms };
  const { lanes } = gpu.traits;
  if (canShareBySubgroups(lanes)) {
    const shared = await run(gpu, shape, bySubgroups(lanes), now);
    if (difference(shared.result, plain.result) <= GATE) ms.subgroup = shared.ms;
  }
  return { maker: fastestMaker(ms), ms };
}

async function run(gpu: Gpu, shape: Shape, threads: Threads, now: () => number): Promise<Tried> {
  const { layers, rows, keys: seen, heads, kvHeads, headDim } = shape;
  const [width, kvWidth] = [heads * headDim, kvHeads * headDim];
  const made: Tensor[] = [];
  const upload = (label: string, extents: readonly number[], data?: Uint32Array): Tensor => {
    const count = extents.reduce((product, extent) => product * extent, 1);
    const tensor = gpu.upload(
      'inputs',
      `trial ${label}`,
      extents,
      data ?? trialNumbers(count),
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
    const projected = projections(recorder, { x, norm, threads }, qkv);
    mixed = decodeAttention(recorder, { qkv: projected, ...seenTensors }, shape, threads);
    addProjection(recorder, { x: mixed, threads }, output, residual);
  }
  const tried = await runTrial(gpu, `trial by ${threads.kind}`, recorder, [mixed, residual], now);
  gpu.free(...made);
  return tried;
}
