import type * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { scaleChannels, spatialMean } from '../../src/ops/vision/squeeze.ts';
import { checkOp, numbers, ODD_SIZES, testGpu } from './harness.ts';

const shapes = ODD_SIZES.map((channels, i) => [
  [3, 2, 1, 2, 1, 1][i]!,
  [1000, 65, 7, 1, 64, 5][i]!,
  channels,
]);

describe('spatialMean', () => {
  it.each(shapes)('%i frames, %i pixels, %i channels', async (T, P, C) => {
    await checkOp(await testGpu(), {
      name: 'spatialMean',
      inputs: { x: { shape: [T!, P!, C!], data: numbers(T! * P! * C!, 1) } },
      forward: (tape, { x }) => spatialMean(tape, x),
      reference: ({ x }) => {
        const mean = new Float64Array(T! * C!);
        x.forEach((value, i) => {
          mean[Math.floor(i / (P! * C!)) * C! + (i % C!)]! += value / P!;
        });
        return mean;
      },
      tensorflow: (x: tf.Tensor) => x.mean(1),
    });
  });
});

describe('scaleChannels', () => {
  it.each(shapes)('%i frames, %i pixels, %i channels', async (T, P, C) => {
    await checkOp(await testGpu(), {
      name: 'scaleChannels',
      inputs: {
        x: { shape: [T!, P!, C!], data: numbers(T! * P! * C!, 1) },
        z: { shape: [T!, C!], data: numbers(T! * C!, 2) },
      },
      forward: (tape, { x, z }) => scaleChannels(tape, x, z),
      reference: ({ x, z }) => x.map((value, i) => value * z[Math.floor(i / (P! * C!)) * C! + (i % C!)]!),
      tensorflow: (x: tf.Tensor, z: tf.Tensor) => x.mul(z.expandDims(1)),
    });
  });
});
