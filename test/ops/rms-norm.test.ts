import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { add, scale } from '../../src/ops/elementwise.ts';
import { rmsNorm } from '../../src/ops/rms-norm.ts';
import { checkOp, numbers, ODD_SIZES, testGpu } from './harness.ts';

const EPS = 1e-6;

function reference(x: Float64Array, weight: Float64Array): Float64Array {
  const cols = weight.length;
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += cols) {
    let squares = 0;
    for (let c = 0; c < cols; c++) squares += x[start + c]! ** 2;
    const rstd = 1 / Math.sqrt(squares / cols + EPS);
    for (let c = 0; c < cols; c++) y[start + c] = x[start + c]! * rstd * weight[c]!;
  }
  return y;
}

const tensorflow = (x: tf.Tensor, weight: tf.Tensor): tf.Tensor =>
  x.mul(tf.rsqrt(x.square().mean(-1, true).add(EPS))).mul(weight);

describe('rmsNorm', () => {
  it.each(ODD_SIZES.map((cols, i) => [[5, 64, 3, 65, 1, 2][i]!, cols]))(
    'rows %i, cols %i',
    async (rows, cols) => {
      await checkOp(await testGpu(), {
        name: 'rmsNorm',
        inputs: {
          x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
          weight: { shape: [cols], data: numbers(cols, 2) },
        },
        forward: (tape, { x, weight }) => rmsNorm(tape, x, weight, EPS),
        reference: ({ x, weight }) => reference(x, weight),
        tensorflow,
      });
    },
  );

  it.each([
    [65, 7],
    [5, 300],
  ])('adds its gradient to what has reached x: rows %i, cols %i', async (rows, cols) => {
    await checkOp(await testGpu(), {
      name: 'rmsNorm beside its input',
      inputs: {
        x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
        weight: { shape: [cols], data: numbers(cols, 2) },
      },
      forward: (tape, { x, weight }) => {
        const h = scale(tape, x, 2);
        return add(tape, h, rmsNorm(tape, h, weight, EPS));
      },
      reference: ({ x, weight }) => {
        const h = x.map((value) => 2 * value);
        return reference(h, weight).map((value, i) => value + h[i]!);
      },
    });
  });
});
