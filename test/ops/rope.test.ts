import { describe, expect, it } from 'vitest';
import { rope, ropeTable } from '../../src/ops/rope.ts';
import { checkOp, numbers, testGpu } from './harness.ts';

const THETA = 1e6;

/** Half-split rotation as complex multiplication, in float64. */
function reference(x: Float64Array, positions: Uint32Array, heads: number, headDim: number): Float64Array {
  const y = new Float64Array(x.length);
  const half = headDim / 2;
  for (let row = 0; row < positions.length; row++) {
    for (let head = 0; head < heads; head++) {
      const start = (row * heads + head) * headDim;
      for (let i = 0; i < half; i++) {
        const angle = positions[row]! * THETA ** (-i / half);
        const [re, im] = [x[start + i]!, x[start + half + i]!];
        y[start + i] = re * Math.cos(angle) - im * Math.sin(angle);
        y[start + half + i] = re * Math.sin(angle) + im * Math.cos(angle);
      }
    }
  }
  return y;
}

describe('rope', () => {
  it.each([
    [1, 1, 2],
    [7, 3, 64],
    [65, 2, 16],
    [64, 1, 128],
    [63, 14, 64],
  ])('rows %i, heads %i, headDim %i', async (rows, heads, headDim) => {
    const gpu = await testGpu();
    const table = ropeTable(gpu, headDim, THETA, 1000);
    const places = Uint32Array.from({ length: rows }, (_, row) => (row * 389) % 1000);
    const positions = gpu.upload('inputs', 'positions', [rows], places, 'u32');
    const count = rows * heads * headDim;
    await checkOp(gpu, {
      name: 'rope',
      inputs: { x: { shape: [rows, heads * headDim], data: numbers(count, 1) } },
      forward: (tape, { x }) => rope(tape, x, positions, table, heads),
      reference: ({ x }) => reference(x, places, heads, headDim),
    });
    gpu.free(table.cos, table.sin, positions);
  });

  it('has tables that are right to f32 at the last position', async () => {
    const gpu = await testGpu();
    const table = ropeTable(gpu, 64, THETA, 32768);
    const cosines = await gpu.read(table.cos);
    const sines = await gpu.read(table.sin);
    for (const i of [0, 1, 31]) {
      const angle = 32767 * THETA ** (-i / 32);
      expect(cosines[32767 * 32 + i]).toBe(Math.fround(Math.cos(angle)));
      expect(sines[32767 * 32 + i]).toBe(Math.fround(Math.sin(angle)));
    }
    gpu.free(table.cos, table.sin);
  });
});
