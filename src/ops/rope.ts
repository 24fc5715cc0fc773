import { defineKernel, expectShape, type Gpu, read, type Tape, type Tensor, write } from '../gpu/index.ts';
import { threadGroups } from './matrix.ts';

const rotate = defineKernel({
  shader: 'rope',
  entry: 'rotate',
  uniforms: { rows: 'u32', heads: 'u32', half_width: 'u32', last_position: 'u32', direction: 'f32' },
  bindings: { x: read(1), positions: read(2), cosines: read(3), sines: read(4), y: write(5) },
});

/** Cosines and sines of every angle: [maxPositions, headDim / 2] each. */
export interface RopeTable {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Angles position · theta^(-2i / headDim), computed in float64: WGSL's own sine is too coarse. */
export function ropeTable(gpu: Gpu, headDim: number, theta: number, maxPositions: number): RopeTable {
  const half = headDim / 2;
  const cosines = new Float32Array(maxPositions * half);
  const sines = new Float32Array(maxPositions * half);
  for (let i = 0; i < half; i++) {
    const frequency = theta ** ((-2 * i) / headDim);
    for (let position = 0; position < maxPositions; position++) {
      cosines[position * half + i] = Math.cos(position * frequency);
      sines[position * half + i] = Math.sin(position * frequency);
    }
  }
  const shape = [maxPositions, half];
  return {
    cos: gpu.upload('weights', 'rope cos', shape, cosines),
    sin: gpu.upload('weights', 'rope sin', shape, sines),
  };
}

/**
 * Rotary position embedding, half-split (Su et al. 2021, arXiv 2104.09864). x [n, heads · headDim], positions u32 [n]
 * (beyond the table: its last position). Backward: dx = dy rotated by the opposite angle, overwritten.
 */
export function rope(tape: Tape, x: Tensor, positions: Tensor, table: RopeTable, heads: number): Tensor {
  const { recorder } = tape;
  const rows = x.shape[0]!;
  const [maxPositions, half] = [table.cos.shape[0]!, table.cos.shape[1]!];
  expectShape('rope x', x, [rows, heads * 2 * half]);
  expectShape('rope positions', positions, [rows]);
  const turn = (from: Tensor, to: Tensor, direction: number): void =>
    recorder.dispatch(rotate, {
      uniforms: { rows, heads, half_width: half, last_position: maxPositions - 1, direction },
      tensors: { x: from, positions, cosines: table.cos, sines: table.sin, y: to },
      workgroups: threadGroups(rows * heads * half),
    });
  const y = recorder.temp('rope', x.shape);
  turn(x, y, 1);
  tape.record([y], [x], () => {
    const dx = recorder.temp('d rope', x.shape);
    turn(tape.gradOf(y)!, dx, -1);
    tape.addGrad(x, dx);
  });
  return y;
}
