import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/gpu/index.ts';
import {
  freeRopeTable,
  gridRopeTable,
  rope,
  ropeTable,
  sectionedRopeTable,
} from '../../src/ops/attention/rope.ts';
import { checkOp, numbers, type OpInput, runOnce, testGpu } from './harness.ts';

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

/** Queries and keys of so many heads. */
function pairOf(rows: number, heads: number, kvHeads: number, headDim: number): Record<'q' | 'k', OpInput> {
  const input = (count: number, seed: number): OpInput => ({
    shape: [rows, count * headDim],
    data: numbers(rows * count * headDim, seed),
  });
  return { q: input(heads, 1), k: input(kvHeads, 2) };
}

const both = (q: Float64Array, k: Float64Array): Float64Array => Float64Array.of(...q, ...k);

describe('rope', () => {
  it.each([
    [1, 1, 1, 2],
    [7, 3, 1, 64],
    [65, 2, 2, 16],
    [64, 1, 1, 128],
    [63, 14, 2, 64],
  ])('rows %i, heads %i and %i, headDim %i', async (rows, heads, kvHeads, headDim) => {
    const gpu = await testGpu();
    const table = ropeTable(gpu, headDim, THETA, 1000);
    const places = Uint32Array.from({ length: rows }, (_, row) => (row * 389) % 1000);
    const positions = gpu.upload('inputs', 'positions', [rows], places, 'u32');
    await checkOp(gpu, {
      name: 'rope',
      inputs: pairOf(rows, heads, kvHeads, headDim),
      forward: (tape, { q, k }) => rope(tape, q, k, positions, table),
      reference: ({ q, k }) =>
        both(reference(q, places, heads, headDim), reference(k, places, kvHeads, headDim)),
    });
    freeRopeTable(gpu, table);
    gpu.free(positions);
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

/** Half-split rotation in float64 where each pair of columns has an angle of its own: angleOf(row, pair). */
function turned(
  x: Float64Array,
  headDim: number,
  heads: number,
  angleOf: (row: number, pair: number) => number,
) {
  const y = new Float64Array(x.length);
  const half = headDim / 2;
  for (let start = 0; start < x.length; start += headDim) {
    const row = Math.floor(start / (heads * headDim));
    for (let i = 0; i < half; i++) {
      const angle = angleOf(row, i);
      const [re, im] = [x[start + i]!, x[start + half + i]!];
      y[start + i] = re * Math.cos(angle) - im * Math.sin(angle);
      y[start + half + i] = re * Math.sin(angle) + im * Math.cos(angle);
    }
  }
  return y;
}

/** Positions of `rows` tokens on `axes` axes, different on each. */
const places = (rows: number, axes: number): Uint32Array =>
  Uint32Array.from({ length: rows * axes }, (_, i) => (i * 389) % 997);

describe('rope on several axes', () => {
  it.each([
    [1, 1, 1, [1, 1, 1]],
    [7, 3, 3, [2, 3, 3]],
    [65, 2, 1, [16, 24, 24]],
    [63, 5, 1, [4, 1, 2]],
  ])('rows %i, heads %i and %i, sections %o', async (rows, heads, kvHeads, sections) => {
    const gpu = await testGpu();
    const half = sections.reduce((sum, pairs) => sum + pairs, 0);
    const table = sectionedRopeTable(gpu, 2 * half, THETA, 1000, sections);
    const positions = gpu.upload('inputs', 'positions', [rows, 3], places(rows, 3), 'u32');
    const axisOf = (pair: number) => (pair < sections[0]! ? 0 : pair < sections[0]! + sections[1]! ? 1 : 2);
    const angleOf = (row: number, pair: number) =>
      places(rows, 3)[3 * row + axisOf(pair)]! * THETA ** (-pair / half);
    await checkOp(gpu, {
      name: 'rope in sections',
      inputs: pairOf(rows, heads, kvHeads, 2 * half),
      forward: (tape, { q, k }) => rope(tape, q, k, positions, table),
      reference: ({ q, k }) =>
        both(turned(q, 2 * half, heads, angleOf), turned(k, 2 * half, kvHeads, angleOf)),
    });
    freeRopeTable(gpu, table);
    gpu.free(positions);
  });

  it.each([
    [1, 1, 4],
    [65, 3, 16],
    [7, 2, 80],
  ])('rows %i, heads %i, headDim %i on a grid', async (rows, heads, headDim) => {
    const gpu = await testGpu();
    const table = gridRopeTable(gpu, headDim, 1e4, 1000);
    const positions = gpu.upload('inputs', 'positions', [rows, 2], places(rows, 2), 'u32');
    const quarter = headDim / 4;
    const angleOf = (row: number, pair: number) =>
      places(rows, 2)[2 * row + (pair < quarter ? 0 : 1)]! * 1e4 ** (-(pair % quarter) / quarter);
    await checkOp(gpu, {
      name: 'rope on a grid',
      inputs: pairOf(rows, heads, heads, headDim),
      forward: (tape, { q, k }) => rope(tape, q, k, positions, table),
      reference: ({ q, k }) => both(turned(q, headDim, heads, angleOf), turned(k, headDim, heads, angleOf)),
    });
    freeRopeTable(gpu, table);
    gpu.free(positions);
  });

  it('is rope on one axis where the positions are equal, told once or on each axis', async () => {
    const gpu = await testGpu();
    const plain = ropeTable(gpu, 16, THETA, 1000);
    const sectioned = sectionedRopeTable(gpu, 16, THETA, 1000, [2, 3, 3]);
    const x = gpu.upload('inputs', 'x', [5, 32], numbers(160, 4));
    const one = Uint32Array.of(0, 3, 3, 400, 999);
    const once = gpu.upload('inputs', 'once', [5], one, 'u32');
    const each = gpu.upload(
      'inputs',
      'each',
      [5, 3],
      Uint32Array.from([...one].flatMap((p) => [p, p, p])),
      'u32',
    );
    const k = gpu.upload('inputs', 'k', [5, 16], numbers(80, 5));
    const [q1, k1, q2, k2, q3, k3] = await runOnce(gpu, 'equal axes', (tape) => [
      ...rope(tape, x, k, once, plain),
      ...rope(tape, x, k, once, sectioned),
      ...rope(tape, x, k, each, sectioned),
    ]);
    const expected = [q1, k1];
    expect([q2, k2]).toEqual(expected);
    expect([q3, k3]).toEqual(expected);
    freeRopeTable(gpu, plain);
    freeRopeTable(gpu, sectioned);
    gpu.free(x, k, once, each);
  });

  it('refuses sections that do not fill a head, and positions on another number of axes', async () => {
    const gpu = await testGpu();
    expect(() => sectionedRopeTable(gpu, 16, THETA, 8, [2, 3, 4])).toThrow(
      /sections \[2,3,4\] of a head of 16/,
    );
    const table = gridRopeTable(gpu, 8, 1e4, 8);
    const x = gpu.upload('inputs', 'x', [2, 8], numbers(16, 5));
    const positions = gpu.upload('inputs', 'positions', [2, 3], new Uint32Array(6), 'u32');
    expect(() => rope(new Tape(), x, x, positions, table)).toThrow(/rope positions.*expected \[2, 2\]/);
    freeRopeTable(gpu, table);
    gpu.free(x, positions);
  });
});
