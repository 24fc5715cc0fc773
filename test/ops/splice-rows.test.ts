import { describe, expect, it } from 'vitest';
import { scatterRowsInto, sliceRows, spliceRows } from '../../src/ops/tokens/splice-rows.ts';
import { checkOp, numbers, runOnce, testGpu } from './harness.ts';

const NONE = 0xffffffff;

function spliced(x: Float64Array, rows: Float64Array, at: Uint32Array, cols: number): Float64Array {
  const y = x.slice();
  at.forEach((row, j) => {
    if (row * cols < y.length) y.set(rows.subarray(j * cols, (j + 1) * cols), row * cols);
  });
  return y;
}

describe('spliceRows', () => {
  it.each([
    [1, 1, [0]],
    [7, 65, [6, 0, NONE, 3]],
    [65, 7, [64, 2, 63, 0, NONE, NONE]],
    [3, 1000, [1]],
  ])('rows %i, cols %i, at %j', async (rows, cols, places) => {
    const gpu = await testGpu();
    const at = Uint32Array.from(places);
    const index = gpu.upload('inputs', 'at', [at.length], at, 'u32');
    await checkOp(gpu, {
      name: 'spliceRows',
      inputs: {
        x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
        rows: { shape: [at.length, cols], data: numbers(at.length * cols, 2) },
      },
      forward: (tape, inputs) => spliceRows(tape, inputs.x, inputs.rows, index),
      reference: (inputs) => spliced(inputs.x, inputs.rows, at, cols),
    });
    gpu.free(index);
  });
});

describe('scatterRowsInto', () => {
  it('overwrites the named rows of a persistent tensor and leaves the others', async () => {
    const gpu = await testGpu();
    const before = numbers(6 * 5, 1);
    const target = gpu.upload('cache', 'cache', [6, 5], before);
    const rows = numbers(4 * 5, 2);
    const source = gpu.upload('inputs', 'rows', [4, 5], rows);
    const at = Uint32Array.of(5, NONE, 0, 6);
    const index = gpu.upload('inputs', 'at', [4], at, 'u32');
    await runOnce(gpu, 'scatterRowsInto', (tape) => {
      scatterRowsInto(tape.recorder, source, index, target);
      return [];
    });
    const expected = spliced(Float64Array.from(before), Float64Array.from(rows), at, 5);
    expect(Array.from(await gpu.read(target))).toEqual(Array.from(expected));
  });
});

describe('sliceRows', () => {
  it.each([
    [1, 1, 0, 1],
    [65, 7, 3, 62],
    [7, 64, 0, 5],
    [64, 63, 60, 4],
  ])('rows %i, cols %i: from %i, %i of them', async (rows, cols, start, count) => {
    await checkOp(await testGpu(), {
      name: 'sliceRows',
      inputs: { x: { shape: [rows, cols], data: numbers(rows * cols, 1) } },
      forward: (tape, { x }) => sliceRows(tape, x, start, count),
      reference: ({ x }) => x.slice(start * cols, (start + count) * cols),
    });
  });

  it('refuses rows that are not there', async () => {
    const gpu = await testGpu();
    const x = gpu.tensor('inputs', 'short', [3, 2]);
    await expect(runOnce(gpu, 'sliceRows', (tape) => [sliceRows(tape, x, 2, 2)])).rejects.toThrow(
      /rows 2 to 4 of short, which has 3/,
    );
  });
});
