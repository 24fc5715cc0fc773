import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { averageRows, halveMaps } from '../../src/ops/vision/pool.ts';
import { checkOp, numbers, ODD_SIZES, runOnce, testGpu } from './harness.ts';

describe('averageRows', () => {
  it.each(ODD_SIZES.map((rows, i) => [rows + 2, [1000, 65, 64, 63, 7, 1][i]!]))(
    '%i rows of %i in threes',
    async (rows, cols) => {
      const pooled = Math.floor(rows / 3);
      await checkOp(await testGpu(), {
        name: 'averageRows',
        inputs: { x: { shape: [rows, cols], data: numbers(rows * cols, 1) } },
        forward: (tape, { x }) => averageRows(tape, x, 3),
        reference: ({ x }) => {
          const y = new Float64Array(pooled * cols);
          for (let i = 0; i < pooled * 3 * cols; i++)
            y[Math.floor(i / (3 * cols)) * cols + (i % cols)]! += x[i]! / 3;
          return y;
        },
        tensorflow: (x: tf.Tensor) =>
          x
            .slice([0, 0], [pooled * 3, cols])
            .reshape([pooled, 3, cols])
            .mean(1),
      });
    },
  );

  it('refuses fewer rows than one group', async () => {
    const gpu = await testGpu();
    const x = gpu.upload('inputs', 'x', [2, 4], numbers(8, 1));
    await expect(runOnce(gpu, 'averageRows', (tape) => [averageRows(tape, x, 3)])).rejects.toThrow(/2 rows/);
  });
});

/** Bilinear resize to half the side along one axis, as rows of weights: [ceil(n/2)][n]. */
function axisWeights(n: number): number[][] {
  const half = Math.ceil(n / 2);
  return Array.from({ length: half }, (_, o) => {
    const source = Math.max(0, ((o + 0.5) * n) / half - 0.5);
    const low = Math.floor(source);
    const weights = new Array<number>(n).fill(0);
    weights[low]! += 1 - (source - low);
    weights[Math.min(low + 1, n - 1)]! += source - low;
    return weights;
  });
}

function halved(x: Float64Array, [T, H, W, C]: readonly number[]): Float64Array {
  const [rows, cols] = [axisWeights(H!), axisWeights(W!)];
  const y = new Float64Array(T! * rows.length * cols.length * C!);
  for (let i = 0; i < y.length; i++) {
    const c = i % C!;
    const across = cols[Math.floor(i / C!) % cols.length]!;
    const down = rows[Math.floor(i / (C! * cols.length)) % rows.length]!;
    const t = Math.floor(i / (C! * cols.length * rows.length));
    down.forEach((a, h) => {
      across.forEach((b, w) => {
        if (a * b !== 0) y[i]! += a * b * x[((t * H! + h) * W! + w) * C! + c]!;
      });
    });
  }
  return y;
}

const shapes = [
  [1, 1, 1, 65],
  [2, 4, 6, 7],
  [1, 5, 3, 64],
  [1, 2, 27, 3],
  [1, 7, 63, 1],
  [1, 3, 2, 1000],
];

describe('halveMaps', () => {
  it.each(shapes)('%i maps of %i x %i, %i channels', async (...shape) => {
    await checkOp(await testGpu(), {
      name: 'halveMaps',
      inputs: {
        x: {
          shape,
          data: numbers(
            shape.reduce((a, b) => a * b),
            1,
          ),
        },
      },
      forward: (tape, { x }) => halveMaps(tape, x),
      reference: ({ x }) => halved(x, shape),
      tensorflow: (x: tf.Tensor) => {
        const size: [number, number] = [Math.ceil(shape[1]! / 2), Math.ceil(shape[2]! / 2)];
        const down = tf.tensor2d(axisWeights(shape[1]!));
        const across = tf.tensor2d(axisWeights(shape[2]!));
        const [frames, height, width, channels] = shape as [number, number, number, number];
        const rows = tf.matMul(down, x.transpose([1, 0, 2, 3]).reshape([height, -1]));
        const maps = rows.reshape([size[0], frames, width, channels]).transpose([2, 1, 0, 3]);
        const cols = tf.matMul(across, maps.reshape([width, -1]));
        return cols.reshape([size[1], frames, size[0], channels]).transpose([1, 2, 0, 3]);
      },
    });
  });

  it('is the 2 x 2 mean on even sides', async () => {
    const gpu = await testGpu();
    const x = numbers(2 * 6 * 4 * 5, 4);
    const [y] = await runOnce(gpu, 'halveMaps', (tape) => [
      halveMaps(tape, gpu.upload('inputs', 'x', [2, 6, 4, 5], x)),
    ]);
    await tf.setBackend('cpu');
    const expected = tf.avgPool(tf.tensor4d(x, [2, 6, 4, 5]), 2, 2, 'valid').dataSync();
    y!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
  });
});
