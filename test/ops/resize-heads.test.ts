import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { resizeHeads } from '../../src/ops/vision/resize-heads.ts';
import { checkOp, numbers, ODD_SIZES, testGpu } from './harness.ts';

function reference(x: Float64Array, from: number, to: number): Float64Array {
  const heads = x.length / from;
  const y = new Float64Array(heads * to);
  for (let head = 0; head < heads; head++) {
    for (let c = 0; c < Math.min(from, to); c++) y[head * to + c] = x[head * from + c]!;
  }
  return y;
}

describe('resizeHeads', () => {
  it.each(
    ODD_SIZES.flatMap(
      (rows, i) =>
        [
          [rows, 1 + (i % 3), 5, 8],
          [rows, 2, 8, 6],
        ] as const,
    ),
  )('%i rows of %i heads, %i columns to %i', async (rows, heads, from, to) => {
    await checkOp(await testGpu(), {
      name: 'resizeHeads',
      inputs: { x: { shape: [rows, heads * from], data: numbers(rows * heads * from, 1) } },
      forward: (tape, { x }) => resizeHeads(tape, x, heads, from, to),
      reference: ({ x }) => reference(x, from, to),
      tensorflow: (x) => {
        const kept = tf.reshape(x, [rows, heads, from]).slice([0, 0, 0], [rows, heads, Math.min(from, to)]);
        return tf.reshape(
          tf.pad(kept, [
            [0, 0],
            [0, 0],
            [0, Math.max(0, to - from)],
          ]),
          [rows, heads * to],
        );
      },
    });
  });
});
