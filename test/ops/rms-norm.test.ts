import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { decodeHeadNorms } from '../../src/ops/decode/decode-head-norm.ts';
import { add, scale } from '../../src/ops/elementwise.ts';
import { headNorm, rmsNorm } from '../../src/ops/norm/rms-norm.ts';
import { checkOp, numbers, ODD_SIZES, relativeError, runOnce, testGpu } from './harness.ts';

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

describe('norms of heads', () => {
  it.each([
    [5, 3, 8],
    [2, 2, 130],
  ])('take each head by itself: %i rows of %i heads of %i columns', async (rows, heads, columns) => {
    await checkOp(await testGpu(), {
      name: 'headNorm',
      inputs: {
        x: { shape: [rows, heads * columns], data: numbers(rows * heads * columns, 1) },
        weight: { shape: [columns], data: numbers(columns, 2) },
      },
      forward: (tape, { x, weight }) => headNorm(tape, x, weight, EPS),
      reference: ({ x, weight }) => reference(x, weight),
    });
  });

  it('take queries and keys of new tokens in place, and leave what is behind them', async () => {
    const gpu = await testGpu();
    const shape = { heads: 3, kvHeads: 2, headDim: 8 };
    const [rows, stride] = [13, (3 + 2 * 2) * 8 + 4];
    const data = numbers(rows * stride, 3);
    const weights = { q: numbers(8, 4), k: numbers(8, 5) };
    const qkv = gpu.upload('inputs', 'qkv', [rows, stride], data);
    const norms = {
      q: gpu.upload('weights', 'q norm', [8], weights.q),
      k: gpu.upload('weights', 'k norm', [8], weights.k),
    };
    await runOnce(gpu, 'head norms', ({ recorder }) => {
      decodeHeadNorms(recorder, qkv, norms, shape, EPS);
      return [];
    });
    const expected = Array.from({ length: rows }, (_, row) => {
      const own = Float64Array.from(data.subarray(row * stride, (row + 1) * stride));
      const queries = reference(own.slice(0, 24), Float64Array.from(weights.q));
      const keys = reference(own.slice(24, 40), Float64Array.from(weights.k));
      return [...queries, ...keys, ...own.slice(40)];
    }).flat();
    expect(relativeError(await gpu.read(qkv), expected)).toBeLessThan(1e-6);
    gpu.free(qkv, norms.q, norms.k);
  });
});
