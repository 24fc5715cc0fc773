import type * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { mixBranches } from '../../src/ops/vision/mix.ts';
import { checkOp, numbers, ODD_SIZES, testGpu } from './harness.ts';

describe('mixBranches', () => {
  it.each(ODD_SIZES.map((rows, i) => [rows, [65, 1000, 1, 7, 64, 63][i]!]))('%i x %i', async (rows, cols) => {
    const branch = (seed: number) => ({ shape: [rows, cols], data: numbers(rows * cols, seed) });
    await checkOp(await testGpu(), {
      name: 'mixBranches',
      inputs: { a: branch(1), b: branch(2), c: branch(3), weights: { shape: [3], data: numbers(3, 4) } },
      forward: (tape, { a, b, c, weights }) => mixBranches(tape, [a, b, c], weights),
      reference: ({ a, b, c, weights }) =>
        a.map((value, i) => weights[0]! * value + weights[1]! * b[i]! + weights[2]! * c[i]!),
      tensorflow: (a, b, c, weights) => {
        const [u, v, w] = weights!.unstack() as [tf.Tensor, tf.Tensor, tf.Tensor];
        return a!.mul(u).add(b!.mul(v)).add(c!.mul(w));
      },
    });
  });
});
