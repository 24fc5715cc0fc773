import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { layerNorm } from '../../src/ops/norm/layer-norm.ts';
import { checkOp, numbers, ODD_SIZES, relativeError, runOnce, testGpu } from './harness.ts';

const EPS = 1e-5;

function reference(x: ArrayLike<number>, weight: ArrayLike<number>, bias: ArrayLike<number>): Float64Array {
  const cols = weight.length;
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += cols) {
    const row = Float64Array.from({ length: cols }, (_, c) => x[start + c]!);
    const mean = row.reduce((sum, v) => sum + v, 0) / cols;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / cols;
    row.forEach((v, c) => {
      y[start + c] = ((v - mean) / Math.sqrt(variance + EPS)) * weight[c]! + bias[c]!;
    });
  }
  return y;
}

function tensorflow(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const centred = x.sub(x.mean(-1, true));
  const rstd = tf.rsqrt(centred.square().mean(-1, true).add(EPS));
  return centred.mul(rstd).mul(weight).add(bias);
}

describe('layerNorm', () => {
  it.each(ODD_SIZES.map((cols, i) => [[5, 64, 3, 65, 300, 2][i]!, cols]))(
    'rows %i, cols %i',
    async (rows, cols) => {
      await checkOp(await testGpu(), {
        name: 'layerNorm',
        inputs: {
          x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
          weight: { shape: [cols], data: numbers(cols, 2) },
          bias: { shape: [cols], data: numbers(cols, 3) },
        },
        forward: (tape, { x, weight, bias }) => layerNorm(tape, x, weight, bias, EPS),
        reference: ({ x, weight, bias }) => reference(x, weight, bias),
        tensorflow: (x, weight, bias) => tensorflow(x!, weight!, bias!),
      });
    },
  );

  it('keeps its precision when the mean is far from zero', async () => {
    const gpu = await testGpu();
    const cols = 100;
    const data = numbers(2 * cols, 1).map((v) => v + 1000);
    const ones = new Float32Array(cols).fill(1);
    const zeros = new Float32Array(cols);
    const x = gpu.upload('inputs', 'x', [2, cols], data);
    const weight = gpu.upload('weights', 'weight', [cols], ones);
    const bias = gpu.upload('weights', 'bias', [cols], zeros);
    const [y] = await runOnce(gpu, 'layerNorm', (tape) => [layerNorm(tape, x, weight, bias, EPS)]);
    expect(relativeError(y!, reference(data, ones, zeros))).toBeLessThanOrEqual(2e-4);
  });
});
