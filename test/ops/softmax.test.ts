import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { softmaxRows } from '../../src/ops/attention/softmax.ts';
import { checkOp, numbers, ODD_SIZES, relativeError, runOnce, testGpu } from './harness.ts';

function reference(x: Float64Array, cols: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += cols) {
    const row = x.subarray(start, start + cols);
    const largest = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((v) => Math.exp(v - largest));
    const sum = powers.reduce((a, b) => a + b);
    y.set(
      powers.map((v) => v / sum),
      start,
    );
  }
  return y;
}

describe('softmaxRows', () => {
  it.each(ODD_SIZES.map((cols, i) => [[5, 64, 3, 65, 1, 2][i]!, cols]))(
    'rows %i, cols %i',
    async (rows, cols) => {
      await checkOp(await testGpu(), {
        name: 'softmaxRows',
        inputs: { x: { shape: [rows, cols], data: numbers(rows * cols, 1, 5) } },
        forward: (tape, { x }) => softmaxRows(tape, x),
        reference: ({ x }) => reference(x, cols),
        tensorflow: (x) => tf.softmax(x),
      });
    },
  );

  it('gives masked and far-off entries no weight, and no NaN', async () => {
    const gpu = await testGpu();
    const x = gpu.upload(
      'inputs',
      'x',
      [2, 4],
      Float32Array.of(1e4, 1e4, -1e4, -1e30, 3, -1e30, -1e30, -1e30),
    );
    const [y] = await runOnce(gpu, 'softmaxRows', (tape) => [softmaxRows(tape, x)]);
    expect(relativeError(y!, [0.5, 0.5, 0, 0, 1, 0, 0, 0])).toBeLessThanOrEqual(1e-6);
  });
});
