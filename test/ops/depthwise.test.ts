import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { depthwise3x3 } from '../../src/ops/vision/depthwise.ts';
import { checkOp, numbers, testGpu } from './harness.ts';

type Shape = readonly [frames: number, height: number, width: number, channels: number];

function reference(x: Float64Array, weight: Float64Array, [, H, W, C]: Shape): Float64Array {
  const y = new Float64Array(x.length);
  for (let index = 0; index < y.length; index++) {
    const [c, w] = [index % C, Math.floor(index / C) % W];
    const [h, t] = [Math.floor(index / (C * W)) % H, Math.floor(index / (C * W * H))];
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const [row, col] = [h + i - 1, w + j - 1];
        if (row < 0 || row >= H || col < 0 || col >= W) continue;
        y[index]! += weight[c * 9 + i * 3 + j]! * x[((t * H + row) * W + col) * C + c]!;
      }
    }
  }
  return y;
}

const tensorflow = (x: tf.Tensor, weight: tf.Tensor): tf.Tensor => {
  const filter = weight.transpose([1, 2, 0]).expandDims<tf.Tensor4D>(3);
  return tf.depthwiseConv2d(x as tf.Tensor4D, filter, 1, 'same');
};

const shapes: Shape[] = [
  [1, 1, 1, 1],
  [2, 7, 1, 64],
  [1, 3, 4, 65],
  [3, 2, 2, 63],
  [1, 64, 1, 7],
  [1, 1, 2, 1000],
];

describe('depthwise3x3', () => {
  it.each(shapes)('%i frames of %i x %i, %i channels', async (T, H, W, C) => {
    await checkOp(await testGpu(), {
      name: 'depthwise3x3',
      inputs: {
        x: { shape: [T, H, W, C], data: numbers(T * H * W * C, 1) },
        weight: { shape: [C, 3, 3], data: numbers(C * 9, 2) },
      },
      forward: (tape, { x, weight }) => depthwise3x3(tape, x, weight),
      reference: ({ x, weight }) => reference(x, weight, [T, H, W, C]),
      tensorflow,
    });
  });
});
