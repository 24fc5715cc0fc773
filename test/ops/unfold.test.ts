import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type UnfoldOptions, unfold } from '../../src/ops/vision/unfold.ts';
import { checkOp, numbers, ODD_SIZES, runOnce, testGpu } from './harness.ts';

type Shape = readonly [frames: number, height: number, width: number, channels: number];

/** Float64 unfold by the definition; `at` gives the flat index in x of (t, h, w, c). */
function reference(x: ArrayLike<number>, [T, H, W, C]: Shape, options: UnfoldOptions): Float64Array {
  const { kernel, stride, padding, output, layout } = options;
  const at = (t: number, h: number, w: number, c: number): number =>
    layout === 'channels-first' ? ((t * C + c) * H + h) * W + w : ((t * H + h) * W + w) * C + c;
  const values: number[] = [];
  for (let ot = 0; ot < output[0]; ot++)
    for (let oh = 0; oh < output[1]; oh++)
      for (let ow = 0; ow < output[2]; ow++)
        for (let c = 0; c < C; c++)
          for (let kt = 0; kt < kernel[0]; kt++)
            for (let kh = 0; kh < kernel[1]; kh++)
              for (let kw = 0; kw < kernel[2]; kw++) {
                const [t, h, w] = [
                  ot * stride[0] + kt - padding[0],
                  oh * stride[1] + kh - padding[1],
                  ow * stride[2] + kw - padding[2],
                ];
                const inside = t >= 0 && t < T && h >= 0 && h < H && w >= 0 && w < W;
                values.push(inside ? x[at(t, h, w, c)]! : 0);
              }
  return Float64Array.from(values);
}

interface UnfoldCase {
  readonly name: string;
  readonly shape: Shape;
  readonly options: UnfoldOptions;
}

const cases: UnfoldCase[] = [
  {
    name: '3-D, kernel 2, padding in time only, last slice dropped',
    shape: [3, 4, 6, 5],
    options: { kernel: [2, 2, 2], stride: [1, 2, 2], padding: [1, 0, 0], output: [3, 2, 3] },
  },
  {
    name: '3-D, kernel 2, padding everywhere, odd sides',
    shape: [2, 3, 5, 7],
    options: { kernel: [2, 2, 2], stride: [1, 2, 2], padding: [1, 1, 1], output: [3, 2, 3] },
  },
  {
    name: 'patches of channels-first pictures',
    shape: [2, 8, 12, 3],
    options: {
      kernel: [1, 4, 4],
      stride: [1, 4, 4],
      padding: [0, 0, 0],
      output: [2, 2, 3],
      layout: 'channels-first',
    },
  },
  ...ODD_SIZES.map(
    (width, i): UnfoldCase => ({
      name: `1-D, kernel 3, stride 2, width ${width}`,
      shape: [1, 1, width, [65, 64, 1, 7, 63, 1][i]!],
      options: {
        kernel: [1, 1, 3],
        stride: [1, 1, 2],
        padding: [0, 0, 1],
        output: [1, 1, Math.floor((width - 1) / 2) + 1],
        layout: i % 2 ? 'channels-first' : 'channels-last',
      },
    }),
  ),
];

describe('unfold', () => {
  it.each(cases)('$name', async ({ shape, options }) => {
    const [T, H, W, C] = shape;
    const stored = options.layout === 'channels-first' ? [T, C, H, W] : shape;
    await checkOp(await testGpu(), {
      name: 'unfold',
      inputs: { x: { shape: stored, data: numbers(T * H * W * C, 3) } },
      forward: (tape, { x }) => unfold(tape, x, options),
      reference: ({ x }) => reference(x, shape, options),
    });
  });

  it('times a published weight is the 2-D convolution of tfjs', async () => {
    const [T, H, W, C, out] = [2, 9, 7, 3, 4];
    const x = numbers(T * H * W * C, 5);
    const weight = numbers(out * C * 9, 6);
    const gpu = await testGpu();
    const [rows] = await runOnce(gpu, 'unfold', (tape) => [
      unfold(tape, gpu.upload('inputs', 'x', [T, H, W, C], x), {
        kernel: [1, 3, 3],
        stride: [1, 2, 2],
        padding: [0, 1, 1],
        output: [T, 5, 4],
      }),
    ]);
    await tf.setBackend('cpu');
    const filter = tf.tensor4d(weight, [out, C, 3, 3]).transpose<tf.Tensor4D>([2, 3, 1, 0]);
    const expected = tf.conv2d(tf.tensor4d(x, [T, H, W, C]), filter, 2, 1).reshape([-1, out]);
    const found = tf.matMul(
      tf.tensor2d(rows!, [T * 20, C * 9]),
      tf.tensor2d(weight, [out, C * 9]),
      false,
      true,
    );
    expect(tf.max(tf.abs(tf.sub(found, expected))).dataSync()[0]).toBeLessThan(1e-5);
  });
});
