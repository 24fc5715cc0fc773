import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from '../../src/math/half.ts';
import { embedding, gatherRows } from '../../src/ops/tokens/gather-rows.ts';
import { quantisedNumbers } from '../reference/quantised.ts';
import { checkOp, numbers, runOnce, testGpu } from './harness.ts';

const NONE = 0xffffffff;

function rowsOf(x: ArrayLike<number>, index: Uint32Array, cols: number): Float64Array {
  const rows = x.length / cols;
  return Float64Array.from({ length: index.length * cols }, (_, i) => {
    const row = index[Math.floor(i / cols)]!;
    return row < rows ? x[row * cols + (i % cols)]! : 0;
  });
}

describe('gatherRows', () => {
  it.each([
    [1, 1, 1],
    [7, 63, 65],
    [64, 7, 64],
    [65, 64, 7],
    [9, 1000, 3],
  ])('rows %i, cols %i, %i indices with repeats', async (rows, cols, count) => {
    const gpu = await testGpu();
    const places = Uint32Array.from({ length: count }, (_, j) => (j * j * 5 + 3 * j) % rows);
    const index = gpu.upload('inputs', 'index', [count], places, 'u32');
    await checkOp(gpu, {
      name: 'gatherRows',
      inputs: { x: { shape: [rows, cols], data: numbers(rows * cols, 1) } },
      forward: (tape, { x }) => gatherRows(tape, x, index),
      reference: ({ x }) => rowsOf(x, places, cols),
      tensorflow: (x) => tf.gather(x, tf.tensor1d(Int32Array.from(places), 'int32')),
    });
    gpu.free(index);
  });

  it('gives the gradient of an activation too, with rows nobody asked for at 0', async () => {
    const gpu = await testGpu();
    const outer = Uint32Array.of(4, 1, 1, 0, NONE);
    const inner = Uint32Array.of(2, 0, 2, 2, NONE, 1);
    const [first, second] = [outer, inner].map((data) =>
      gpu.upload('inputs', 'index', [data.length], data, 'u32'),
    );
    await checkOp(gpu, {
      name: 'gatherRows twice',
      inputs: { x: { shape: [6, 5], data: numbers(30, 1) } },
      forward: (tape, { x }) => gatherRows(tape, gatherRows(tape, x, first!), second!),
      reference: ({ x }) => rowsOf(rowsOf(x, outer, 5), inner, 5),
    });
  });
});

describe('embedding', () => {
  it('reads shards as one table, and adds gradients to the shard that holds the row', async () => {
    const gpu = await testGpu();
    const cols = 9;
    const extents = [4, 1, 7];
    const ids = Uint32Array.of(0, 11, 4, 4, 3, 5, 11, 12, NONE, 0);
    const index = gpu.upload('inputs', 'ids', [ids.length], ids, 'u32');
    const data = extents.map((rows, i) => numbers(rows * cols, i + 1));
    await checkOp(gpu, {
      name: 'embedding',
      inputs: {
        a: { shape: [4, cols], data: data[0]! },
        b: { shape: [1, cols], data: data[1]! },
        c: { shape: [7, cols], data: data[2]! },
      },
      forward: (tape, { a, b, c }) => embedding(tape, [a, b, c], index),
      reference: ({ a, b, c }) => rowsOf([...a, ...b, ...c], ids, cols),
    });
  });

  it.each(['bf16', 'f16'] as const)('reads %s tables bit for bit, at odd widths too', async (dtype) => {
    const gpu = await testGpu();
    for (const cols of [7, 64]) {
      const words = (dtype === 'bf16' ? f32ToBf16 : f32ToF16)(numbers(5 * cols, 3));
      const table = gpu.upload('weights', 'table', [5, cols], words, dtype);
      const ids = Uint32Array.of(4, 0, 3, 3);
      const index = gpu.upload('inputs', 'ids', [4], ids, 'u32');
      const [found] = await runOnce(gpu, 'embedding', (tape) => [embedding(tape, table, index)]);
      const values = (dtype === 'bf16' ? bf16ToF32 : f16ToF32)(words);
      expect(Array.from(found!)).toEqual(Array.from(rowsOf(values, ids, cols)));
    }
  });

  it.each(['q8', 'q4'] as const)(
    'reads %s tables as the values they stand for, over shards',
    async (dtype) => {
      const gpu = await testGpu();
      for (const cols of [32, 96]) {
        const parts = [5, 3].map((rows, i) => ({ rows, ...quantisedNumbers(rows * cols, dtype, i + 1) }));
        const shards = parts.map(({ rows, words }) =>
          gpu.upload('weights', 'table', [rows, cols], words, dtype),
        );
        const ids = Uint32Array.of(4, 0, 7, 3, 3, 5);
        const index = gpu.upload('inputs', 'ids', [ids.length], ids, 'u32');
        const [found] = await runOnce(gpu, 'embedding', (tape) => [embedding(tape, shards, index)]);
        const table = parts.flatMap(({ values }) => [...values]);
        expect(Array.from(found!)).toEqual(Array.from(rowsOf(table, ids, cols)));
        gpu.free(index, ...shards);
      }
    },
  );
});
