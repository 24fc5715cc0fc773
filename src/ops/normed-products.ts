import {
  defineKernel,
  expectShape,
  type Recorder,
  read,
  type Tape,
  type Tensor,
  type Traits,
  uniform,
  write,
} from '../gpu/index.ts';
import { matrixExtents } from './matrix.ts';
import { rmsNorm } from './rms-norm.ts';
import { weightLoads } from './weight-format.ts';

const uniforms = {
  rows: 'u32',
  depth: 'u32',
  rows_first: 'u32',
  eps: 'f32',
  width: 'u32',
  kv_width: 'u32',
  half_width: 'u32',
} as const;
const shader = 'normed_products';
const inputs = { x: read(1), norm: uniform(2), weight0: read(3), weight1: read(4) };
const headsKernel = defineKernel({
  shader,
  entry: 'heads',
  uniforms,
  bindings: {
    ...inputs,
    weight2: read(5),
    biasQ: uniform(6),
    biasK: uniform(7),
    biasV: uniform(8),
    angles: read(9),
    q: write(10),
    k: write(11),
    v: write(12),
  },
});
const gatedKernel = defineKernel({ shader, entry: 'gated', uniforms, bindings: { ...inputs, y: write(13) } });

const TILE_ROWS = 16;
/** Fewer threads would need more than two loads to give all rows of a tile their depths. */
const SHARING_LANES = 8;
/** Tiles of columns that each norm their rows again: 7 % of their time, when a norm before them has its dispatch and a walk over x. */
const NORMING_TILES = 64;
/** WebGPU's default maxUniformBufferBindingSize, in f32. */
const MOST_UNIFORMS = 65_536 / 4;

/** Rows and the norm that they go through before they are multiplied. */
export interface NormedRows {
  /** [n, depth] */
  readonly x: Tensor;
  /** [depth] f32 */
  readonly norm: Tensor;
  readonly eps: number;
}

/** A projection [width, depth] and its bias [width] f32. */
interface Projection {
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

function biasOf({ weight, bias }: Projection): Tensor {
  if (!bias) throw new Error(`normedHeads: ${weight.label} has no bias.`);
  return bias;
}

const wholeQuads = (extents: readonly number[]): boolean => extents.every((extent) => extent % 4 === 0);

/** Whether a device with these traits multiplies such weights [width, depth] together: all of one format, in whole vec4s. */
function joins({ isSoftware, lanes }: Traits, weights: readonly Tensor[]): boolean {
  const fits = ({ dtype, shape }: Tensor): boolean =>
    dtype === weights[0]!.dtype && wholeQuads(shape) && shape[1]! <= MOST_UNIFORMS;
  return isSoftware && lanes >= SHARING_LANES && weights.every(fits);
}

/** Whether `normedHeads` takes these weights; both halves of a head must be whole vec4s, too. */
export const joinsHeads = (traits: Traits, weights: readonly Tensor[], headDim: number): boolean =>
  headDim % 8 === 0 && joins(traits, weights) && weights.every(({ shape }) => shape[0]! <= MOST_UNIFORMS);

/** Whether `normedGate` takes these weights. */
export const joinsGate = (traits: Traits, gate: Tensor, up: Tensor): boolean => joins(traits, [gate, up]);

interface Layout {
  readonly rows: number;
  readonly depth: number;
  readonly tiles: number;
}

/** Neighbouring workgroups take neighbouring rows where those are the smaller factor. */
function laidOut({ traits }: Recorder, { rows, depth, tiles }: Layout) {
  const rowTiles = Math.ceil(rows / TILE_ROWS);
  const rowsFirst = rows <= tiles * 4 * traits.lanes;
  return {
    workgroups: rowsFirst ? ([rowTiles, tiles, 1] as const) : ([tiles, rowTiles, 1] as const),
    extents: { rows, depth, rows_first: Number(rowsFirst) },
  };
}

/**
 * q, k, v [n, width of each] = rmsNorm(x)·Wᵀ + bias, q and k turned by `angles` [n, headDim] (see `ropeAngles`), in one dispatch; no
 * gradient. Only where `joinsHeads` says so.
 */
export function normedHeads(
  recorder: Recorder,
  { x, norm, eps }: NormedRows,
  projections: Readonly<Record<'q' | 'k' | 'v', Projection>>,
  angles: Tensor,
): Record<'q' | 'k' | 'v', Tensor> {
  const { rows, cols: depth } = matrixExtents(x);
  const [width, kvWidth] = [projections.q.weight.shape[0]!, projections.k.weight.shape[0]!];
  expectShape('normedHeads q', projections.q.weight, [width, depth]);
  expectShape('normedHeads k', projections.k.weight, [kvWidth, depth]);
  expectShape('normedHeads v', projections.v.weight, [kvWidth, depth]);
  const made = {
    q: recorder.temp('normed q', [rows, width]),
    k: recorder.temp('normed k', [rows, kvWidth]),
    v: recorder.temp('normed v', [rows, kvWidth]),
  };
  const { lanes } = recorder.traits;
  const tilesOf = (columns: number): number => Math.ceil(columns / (4 * lanes));
  const tiles = tilesOf(width) + 2 * tilesOf(kvWidth);
  const { workgroups, extents } = laidOut(recorder, { rows, depth, tiles });
  recorder.dispatch(headsKernel, {
    defines: { ...defines(recorder, projections.q.weight, { depth, width, kvWidth }), NORM: true },
    uniforms: { ...extents, eps, width, kv_width: kvWidth, half_width: angles.shape[1]! / 2 },
    tensors: {
      x,
      norm,
      weight0: projections.q.weight,
      weight1: projections.k.weight,
      weight2: projections.v.weight,
      biasQ: biasOf(projections.q),
      biasK: biasOf(projections.k),
      biasV: biasOf(projections.v),
      angles,
      ...made,
    },
    workgroups,
  });
  return made;
}

function defines(
  { traits }: Recorder,
  weight: Tensor,
  { depth, width, kvWidth }: { depth: number; width: number; kvWidth: number },
) {
  const quads = { DEPTH_QUADS: depth / 4, WIDTH_QUADS: width / 4, KV_QUADS: kvWidth / 4 };
  return { ...weightLoads(weight.dtype), LANES: traits.lanes, ...quads };
}

/**
 * silu(rmsNorm(x)·Wgᵀ) · (rmsNorm(x)·Wuᵀ) [n, width], in one dispatch, or two where many tiles would norm the same rows; no
 * gradient. Only where `joinsGate` says so.
 */
export function normedGate(tape: Tape, { x, norm, eps }: NormedRows, gate: Tensor, up: Tensor): Tensor {
  const { recorder } = tape;
  const { rows, cols: depth } = matrixExtents(x);
  const width = gate.shape[0]!;
  expectShape('normedGate gate', gate, [width, depth]);
  expectShape('normedGate up', up, [width, depth]);
  const y = recorder.temp('normed gate', [rows, width]);
  const tiles = Math.ceil(width / (4 * recorder.traits.lanes));
  const normsInside = tiles <= NORMING_TILES;
  const { workgroups, extents } = laidOut(recorder, { rows, depth, tiles });
  recorder.dispatch(gatedKernel, {
    // Biases are the heads' alone.
    defines: { ...defines(recorder, gate, { depth, width: 4, kvWidth: 4 }), NORM: normsInside },
    uniforms: { ...extents, eps, width, kv_width: 0, half_width: 0 },
    tensors: { x: normsInside ? x : rmsNorm(tape, x, norm, eps), norm, weight0: gate, weight1: up, y },
    workgroups,
  });
  return y;
}
