import { expectShape, type Gpu, kernelsOf, type Tape, type Tensor } from '../../gpu/index.ts';
import { threadGroups } from '../matmul/matrix.ts';
import {
  frequenciesOf,
  type RopeFrequencies,
  type RopeScaling,
  scaledFrequencies,
} from './rope-frequencies.ts';

const kernel = kernelsOf('rope', [
  'rows',
  'heads',
  'kv_heads',
  'half_width',
  'last_position',
  'direction',
  'axis_count',
]);
const reads = ['q', 'k', 'positions', 'cosines', 'sines'] as const;
const writes = ['rotated_q', 'rotated_k'] as const;
const rotate = kernel('rotate', { reads, writes });
const rotateAxes = kernel('rotate_axes', { reads: [...reads, 'axes'], writes });

/** Cosines and sines of every angle: [maxPositions, headDim / 2] each. */
export interface RopeTable {
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** u32 [headDim / 2] axis whose position rotates each pair of columns; absent where there is one axis. */
  readonly axes?: Tensor;
  /** Number of axes. */
  readonly axisCount: number;
}

/** Angles position · frequencies[i], computed in float64: WGSL's own sine is too coarse. `axes` as in `RopeTable`. */
function tableOf(
  gpu: Gpu,
  { frequencies, amplitude }: RopeFrequencies,
  maxPositions: number,
  axes?: readonly number[],
): RopeTable {
  const half = frequencies.length;
  const cosines = new Float32Array(maxPositions * half);
  const sines = new Float32Array(maxPositions * half);
  frequencies.forEach((frequency, i) => {
    for (let position = 0; position < maxPositions; position++) {
      cosines[position * half + i] = amplitude * Math.cos(position * frequency);
      sines[position * half + i] = amplitude * Math.sin(position * frequency);
    }
  });
  const shape = [maxPositions, half];
  return {
    cos: gpu.upload('weights', 'rope cos', shape, cosines),
    sin: gpu.upload('weights', 'rope sin', shape, sines),
    ...(axes ? { axes: gpu.upload('weights', 'rope axes', [half], Uint32Array.from(axes), 'u32') } : {}),
    axisCount: axes ? Math.max(...axes) + 1 : 1,
  };
}

/** The table of one axis: pair i is rotated by position · theta^(-2i / headDim), scaled where `scaling` says so. */
export function ropeTable(
  gpu: Gpu,
  headDim: number,
  theta: number,
  maxPositions: number,
  scaling?: RopeScaling,
): RopeTable {
  return tableOf(gpu, scaledFrequencies(headDim, theta, scaling), maxPositions);
}

/**
 * The table of M-RoPE (Wang et al. 2024, arXiv 2409.12191): frequencies as on one axis, but the first sections[0] pairs of
 * columns are rotated by the position on axis 0 (time), the next sections[1] by that on axis 1 (height), and so on. Where the
 * positions on all axes are equal, it is the table of one axis.
 */
export function sectionedRopeTable(
  gpu: Gpu,
  headDim: number,
  theta: number,
  maxPositions: number,
  sections: readonly number[],
): RopeTable {
  const axes = sections.flatMap((pairs, axis) => Array<number>(pairs).fill(axis));
  if (axes.length !== headDim / 2) {
    throw new Error(`sectionedRopeTable: sections [${sections}] of a head of ${headDim} columns.`);
  }
  return tableOf(gpu, scaledFrequencies(headDim, theta), maxPositions, axes);
}

/** The table of a grid: the first half of the pairs is rotated by the row, the second by the column, with the same frequencies. */
export function gridRopeTable(gpu: Gpu, headDim: number, theta: number, maxPositions: number): RopeTable {
  const half = frequenciesOf(headDim / 2, theta);
  const axes = [0, 1].flatMap((axis) => half.map(() => axis));
  return tableOf(gpu, { frequencies: [...half, ...half], amplitude: 1 }, maxPositions, axes);
}

export function freeRopeTable(gpu: Gpu, { cos, sin, axes }: RopeTable): void {
  gpu.free(cos, sin, ...(axes ? [axes] : []));
}

type Pair = readonly [q: Tensor, k: Tensor];

/** Dispatches the rotation of queries and keys; direction 1, or -1 for the opposite angles. */
function rotatePair(
  { recorder }: Tape,
  [q, k]: Pair,
  positions: Tensor,
  table: RopeTable,
  direction: number,
): Pair {
  const [maxPositions, half] = [table.cos.shape[0]!, table.cos.shape[1]!];
  const [rows, heads] = [q.shape[0]!, q.shape[1]! / (2 * half)];
  const kvHeads = k.shape[1]! / (2 * half);
  const rotated = [recorder.temp('rope q', q.shape), recorder.temp('rope k', k.shape)] as const;
  const last = { last_position: maxPositions - 1, direction, axis_count: table.axisCount };
  const uniforms = { rows, heads, kv_heads: kvHeads, half_width: half, ...last };
  const tensors = {
    q,
    k,
    positions,
    cosines: table.cos,
    sines: table.sin,
    rotated_q: rotated[0],
    rotated_k: rotated[1],
  };
  const workgroups = threadGroups(rows * (heads + kvHeads) * half);
  const { axes } = table;
  if (positions.shape.length > 1 && axes) {
    recorder.dispatch(rotateAxes, { uniforms, tensors: { ...tensors, axes }, workgroups });
  } else recorder.dispatch(rotate, { uniforms, tensors, workgroups });
  return rotated;
}

function expectHeads(name: string, x: Tensor, rows: number, { cos }: RopeTable): void {
  const headDim = 2 * cos.shape[1]!;
  expectShape(name, x, [rows, headDim * Math.ceil(x.shape[1]! / headDim)]);
}

/**
 * Rotary position embedding of queries and keys, half-split (Su et al. 2021, arXiv 2104.09864). q [n, heads · headDim],
 * k [n, kvHeads · headDim], positions u32 [n] where a token's place is the same on all axes, else [n, axes] (beyond the
 * table: its last position). Backward, of both together: dx = dy rotated by the opposite angle, overwritten.
 */
export function rope(tape: Tape, q: Tensor, k: Tensor, positions: Tensor, table: RopeTable): Pair {
  const rows = q.shape[0]!;
  expectHeads('rope q', q, rows, table);
  expectHeads('rope k', k, rows, table);
  expectShape('rope positions', positions, positions.shape.length > 1 ? [rows, table.axisCount] : [rows]);
  const rotated = rotatePair(tape, [q, k], positions, table, 1);
  tape.record(rotated, [q, k], () => {
    const dy = rotated.map((tensor) => tape.gradOf(tensor)!) as [Tensor, Tensor];
    const [dq, dk] = rotatePair(tape, dy, positions, table, -1);
    tape.addGrad(q, dq);
    tape.addGrad(k, dk);
  });
  return rotated;
}
