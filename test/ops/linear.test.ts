import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Tape, Tensor } from '../../src/gpu/index.ts';
import { bf16ToF32, f32ToBf16 } from '../../src/math/half.ts';
import { add, scale } from '../../src/ops/elementwise.ts';
import { linear, loraLinear } from '../../src/ops/matmul/linear.ts';
import { quantisedNumbers } from '../reference/quantised.ts';
import { checkOp, numbers, ODD_SIZES, type OpInput, relativeError, runOnce, testGpu } from './harness.ts';

/** x·Wᵀ + bias in float64. */
function project(x: Float64Array, weight: Float64Array, cols: number, bias?: Float64Array): Float64Array {
  const rows = x.length / cols;
  const outs = weight.length / cols;
  const y = new Float64Array(rows * outs);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < outs; j++) {
      let sum = bias?.[j] ?? 0;
      for (let c = 0; c < cols; c++) sum += x[i * cols + c]! * weight[j * cols + c]!;
      y[i * outs + j] = sum;
    }
  }
  return y;
}

const project2d = (x: tf.Tensor, weight: tf.Tensor): tf.Tensor => tf.matMul(x, weight, false, true);

const [INS, OUTS, ROWS] = [ODD_SIZES, [7, 64, 65, 12, 1, 8], [65, 1, 8, 63, 300, 7]];

describe('linear', () => {
  it.each(INS.map((cols, i) => [ROWS[i]!, cols, OUTS[i]!]))(
    'rows %i, in %i, out %i',
    async (rows, cols, outs) => {
      await checkOp(await testGpu(), {
        name: 'linear',
        inputs: {
          x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
          weight: { shape: [outs, cols], data: numbers(outs * cols, 2) },
          bias: { shape: [outs], data: numbers(outs, 3) },
        },
        forward: (tape, { x, weight, bias }) => linear(tape, x, weight, bias),
        reference: ({ x, weight, bias }) => project(x, weight, cols, bias),
        tensorflow: (x, weight, bias) => project2d(x!, weight!).add(bias!),
      });
    },
  );

  it.each([
    [5, 24, 12],
    [7, 9, 5],
  ])(
    'adds an addend, and its gradient to what has reached x: rows %i, in %i, out %i',
    async (rows, cols, outs) => {
      const gpu = await testGpu();
      const [w, v] = [numbers(outs * cols, 2), numbers(cols * outs, 3)];
      await checkOp(gpu, {
        name: 'linear with an addend',
        inputs: {
          x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
          weight: { shape: [outs, cols], data: w },
          back: { shape: [cols, outs], data: v },
        },
        forward: (tape, { x, weight, back }) => {
          const h = scale(tape, x, 2);
          const y = linear(tape, linear(tape, h, weight), back, undefined, { addend: h });
          return add(tape, y, h);
        },
        reference: ({ x, weight, back }) => {
          const h = x.map((value) => 2 * value);
          return project(project(h, weight, cols), back, outs).map((value, i) => value + 2 * h[i]!);
        },
      });
    },
  );

  it('keeps leading axes and works without a bias', async () => {
    await checkOp(await testGpu(), {
      name: 'linear on maps',
      inputs: {
        x: { shape: [2, 3, 3, 5], data: numbers(90, 1) },
        weight: { shape: [6, 5], data: numbers(30, 2) },
      },
      forward: (tape, { x, weight }) => {
        const y = linear(tape, x, weight);
        expect(y.shape).toEqual([2, 3, 3, 6]);
        return y;
      },
      reference: ({ x, weight }) => project(x, weight, 5),
    });
  });

  it('passes the gradient through a frozen bf16 weight', async () => {
    const gpu = await testGpu();
    const [rows, cols, outs] = [5, 24, 12];
    const words = f32ToBf16(numbers(outs * cols, 2));
    const weight = gpu.upload('weights', 'w', [outs, cols], words, 'bf16');
    await checkOp(gpu, {
      name: 'linear bf16',
      inputs: { x: { shape: [rows, cols], data: numbers(rows * cols, 1) } },
      forward: (tape, { x }) => linear(tape, x, weight),
      reference: ({ x }) => project(x, Float64Array.from(bf16ToF32(words)), cols),
    });
  });

  it('adds to the gradient that is already there', async () => {
    const gpu = await testGpu();
    const x = gpu.upload('inputs', 'x', [3, 4], numbers(12, 1));
    const grad = gpu.upload('gradients', 'dw', [2, 4], numbers(8, 7));
    const weight = { ...gpu.upload('trainable', 'w', [2, 4], numbers(8, 2)), grad };
    const dy = numbers(6, 5);
    const seed = gpu.upload('inputs', 'dy', [3, 2], dy);
    await runOnce(gpu, 'linear', (tape) => {
      const y = linear(tape, x, weight);
      tape.backward([[y, seed]]);
      return [y];
    });
    const expected = Array.from(numbers(8, 7), (before, at) => {
      let sum = before;
      for (let row = 0; row < 3; row++)
        sum += dy[row * 2 + Math.floor(at / 4)]! * numbers(12, 1)[row * 4 + (at % 4)]!;
      return sum;
    });
    expect(relativeError(await gpu.read(grad), expected)).toBeLessThanOrEqual(1e-6);
  });
});

describe('a gated product', () => {
  const [rows, cols, outs, rank] = [5, 24, 12, 3];
  const given = (name: string, shape: readonly number[], seed: number) => ({
    [name]: {
      shape,
      data: numbers(
        shape.reduce((a, b) => a * b),
        seed,
      ),
    },
  });
  const inputs = {
    ...given('x', [rows, cols], 1),
    ...given('weight', [outs, cols], 2),
    ...given('gate', [rows, outs], 3),
    ...given('a', [rank, cols], 4),
    ...given('b', [outs, rank], 5),
  } as Record<'x' | 'weight' | 'gate' | 'a' | 'b', OpInput>;
  const WAYS = {
    linear: (tape: Tape, { x, weight, gate }: Record<string, Tensor>) =>
      linear(tape, x!, weight!, undefined, { gate: gate! }),
    loraLinear: (tape: Tape, { x, weight, gate, a, b }: Record<string, Tensor>) =>
      loraLinear(tape, x!, weight!, undefined, { a: a!, b: b!, scale: 0.75 }, { gate: gate! }),
  };
  const NAMES = ['linear', 'loraLinear'] as const;

  it.each(NAMES)('has its gradients: %s', async (way) => {
    await checkOp(await testGpu(), {
      name: `gated ${way}`,
      inputs,
      differentiate: way === 'linear' ? ['x', 'weight', 'gate'] : ['x', 'weight', 'gate', 'a', 'b'],
      forward: WAYS[way],
      reference: ({ x, weight, gate, a, b }) => {
        const update = project(project(x, a, cols), b, rank);
        const low = way === 'linear' ? 0 : 0.75;
        const sums = project(x, weight, cols).map((value, i) => value + low * update[i]!);
        return sums.map((sum, i) => (sum * gate[i]!) / (1 + Math.exp(-gate[i]!)));
      },
    });
  });

  it.each(NAMES)('is one pass less where no gradient is asked for, and the same: %s', async (way) => {
    const gpu = await testGpu();
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        gpu.upload('inputs', name, shape, data),
      ]),
    );
    const counts: number[] = [];
    const [whole, parts] = await runOnce(gpu, way, (tape) => {
      const one = tape.constant(() => WAYS[way](tape, tensors));
      counts.push(tape.recorder.dispatches.length);
      const other = WAYS[way](tape, tensors);
      counts.push(tape.recorder.dispatches.length - counts[0]!);
      return [one, other];
    });
    expect(relativeError(whole!, parts!)).toBeLessThanOrEqual(1e-6);
    expect(counts[1]).toBe(counts[0]! + 1);
    gpu.free(...Object.values(tensors));
  });
});

describe('loraLinear', () => {
  it.each([
    [1, 7, 5, 1],
    [65, 64, 12, 8],
    [7, 65, 63, 3],
    [600, 16, 8, 4],
  ])('rows %i, in %i, out %i, rank %i', async (rows, cols, outs, rank) => {
    const scale = 0.75;
    await checkOp(await testGpu(), {
      name: 'loraLinear',
      inputs: {
        x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
        weight: { shape: [outs, cols], data: numbers(outs * cols, 2) },
        bias: { shape: [outs], data: numbers(outs, 3) },
        a: { shape: [rank, cols], data: numbers(rank * cols, 4) },
        b: { shape: [outs, rank], data: numbers(outs * rank, 5) },
        addend: { shape: [rows, outs], data: numbers(rows * outs, 6) },
      },
      forward: (tape, { x, weight, bias, a, b, addend }) =>
        loraLinear(tape, x, weight, bias, { a, b, scale }, { addend }),
      reference: ({ x, weight, bias, a, b, addend }) => {
        const update = project(project(x, a, cols), b, rank);
        return project(x, weight, cols, bias).map((value, i) => value + scale * update[i]! + addend[i]!);
      },
      tensorflow: (x, weight, bias, a, b, addend) =>
        project2d(x!, weight!)
          .add(bias!)
          .add(project2d(project2d(x!, a!), b!).mul(scale))
          .add(addend!),
    });
  });

  it.each(['q8', 'q4'] as const)('trains the adapter of a frozen %s weight', async (dtype) => {
    const gpu = await testGpu();
    const [rows, cols, outs, rank] = [7, 96, 13, 3];
    const { words, values } = quantisedNumbers(outs * cols, dtype, 2);
    const weight = gpu.upload('weights', 'w', [outs, cols], words, dtype);
    const frozen = Float64Array.from(values);
    await checkOp(gpu, {
      name: `loraLinear ${dtype}`,
      inputs: {
        x: { shape: [rows, cols], data: numbers(rows * cols, 1) },
        a: { shape: [rank, cols], data: numbers(rank * cols, 4) },
        b: { shape: [outs, rank], data: numbers(outs * rank, 5) },
      },
      forward: (tape, { x, a, b }) => loraLinear(tape, x, weight, undefined, { a, b, scale: 0.75 }),
      reference: ({ x, a, b }) => {
        const update = project(project(x, a, cols), b, rank);
        return project(x, frozen, cols).map((value, i) => value + 0.75 * update[i]!);
      },
    });
    gpu.free(weight);
  });
});
