import { defineKernel, expectShape, type Gpu, read, type Tape, type Tensor, write } from '../gpu/index.ts';
import { threadGroups } from './matrix.ts';

const uniforms = {
  rows: 'u32',
  heads: 'u32',
  half_width: 'u32',
  last_position: 'u32',
  direction: 'f32',
  axis_count: 'u32',
} as const;
const bindings = { x: read(1), positions: read(2), cosines: read(3), sines: read(4), y: write(5) };
const rotate = defineKernel({ shader: 'rope', entry: 'rotate', uniforms, bindings });
const rotateAxes = defineKernel({
  shader: 'rope',
  entry: 'rotate_axes',
  uniforms,
  bindings: { ...bindings, axes: read(6) },
});

/** Cosines and sines of every angle: [maxPositions, headDim / 2] each. */
export interface RopeTable {
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** u32 [headDim / 2] axis whose position turns each pair of columns; absent where there is one axis. */
  readonly axes?: Tensor;
  /** Number of axes. */
  readonly axisCount: number;
}

/** Angles position · frequencies[i], computed in float64: WGSL's own sine is too coarse. `axes` as in `RopeTable`. */
function tableOf(
  gpu: Gpu,
  frequencies: readonly number[],
  maxPositions: number,
  axes?: readonly number[],
): RopeTable {
  const half = frequencies.length;
  const cosines = new Float32Array(maxPositions * half);
  const sines = new Float32Array(maxPositions * half);
  frequencies.forEach((frequency, i) => {
    for (let position = 0; position < maxPositions; position++) {
      cosines[position * half + i] = Math.cos(position * frequency);
      sines[position * half + i] = Math.sin(position * frequency);
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

/** theta^(-2i / width) for i = 0 … width / 2 - 1. */
const frequenciesOf = (width: number, theta: number): number[] =>
  Array.from({ length: width / 2 }, (_, i) => theta ** ((-2 * i) / width));

/** The table of one axis: pair i turns by position · theta^(-2i / headDim). */
export function ropeTable(gpu: Gpu, headDim: number, theta: number, maxPositions: number): RopeTable {
  return tableOf(gpu, frequenciesOf(headDim, theta), maxPositions);
}

/**
 * The table of M-RoPE (Wang et al. 2024, arXiv 2409.12191): frequencies as on one axis, but the first sections[0] pairs of
 * columns turn by the position on axis 0 (time), the next sections[1] by that on axis 1 (height), and so on. Where the
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
  return tableOf(gpu, frequenciesOf(headDim, theta), maxPositions, axes);
}

/** The table of a grid: the first half of the pairs turns by the row, the second by the column, with the same frequencies. */
export function gridRopeTable(gpu: Gpu, headDim: number, theta: number, maxPositions: number): RopeTable {
  const frequencies = frequenciesOf(headDim / 2, theta);
  const axes = [0, 1].flatMap((axis) => frequencies.map(() => axis));
  return tableOf(gpu, [...frequencies, ...frequencies], maxPositions, axes);
}

export function freeRopeTable(gpu: Gpu, { cos, sin, axes }: RopeTable): void {
  gpu.free(cos, sin, ...(axes ? [axes] : []));
}

/**
 * Rotary position embedding, half-split (Su et al. 2021, arXiv 2104.09864). x [n, heads · headDim], positions u32 [n]
 * where a token's place is the same on all axes, else [n, axes] (beyond the table: its last position). Backward: dx = dy
 * rotated by the opposite angle, overwritten.
 */
export function rope(tape: Tape, x: Tensor, positions: Tensor, table: RopeTable, heads: number): Tensor {
  const { recorder } = tape;
  const rows = x.shape[0]!;
  const [maxPositions, half] = [table.cos.shape[0]!, table.cos.shape[1]!];
  expectShape('rope x', x, [rows, heads * 2 * half]);
  const perAxis = positions.shape.length > 1;
  expectShape('rope positions', positions, perAxis ? [rows, table.axisCount] : [rows]);
  const turn = (from: Tensor, to: Tensor, direction: number): void => {
    const last = { last_position: maxPositions - 1, direction, axis_count: table.axisCount };
    const values = { rows, heads, half_width: half, ...last };
    const tensors = { x: from, positions, cosines: table.cos, sines: table.sin, y: to };
    const workgroups = threadGroups(rows * heads * half);
    if (perAxis && table.axes) {
      recorder.dispatch(rotateAxes, {
        uniforms: values,
        tensors: { ...tensors, axes: table.axes },
        workgroups,
      });
    } else recorder.dispatch(rotate, { uniforms: values, tensors, workgroups });
  };
  const y = recorder.temp('rope', x.shape);
  turn(x, y, 1);
  tape.record([y], [x], () => {
    const dx = recorder.temp('d rope', x.shape);
    turn(tape.gradOf(y)!, dx, -1);
    tape.addGrad(x, dx);
  });
  return y;
}
