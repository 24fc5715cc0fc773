import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Tape, Tensor } from '../../src/gpu/index.ts';
import { add, gelu, relu, scale, sigmoid, silu, swiglu, tanh } from '../../src/ops/elementwise.ts';
import { erf } from '../reference/erf.ts';
import { checkOp, numbers, ODD_SIZES, relativeError, runOnce, testGpu } from './harness.ts';

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

interface Unary {
  readonly name: string;
  readonly op: (tape: Tape, x: Tensor) => Tensor;
  readonly f: (x: number) => number;
  readonly tensorflow: (x: tf.Tensor) => tf.Tensor;
}

const UNARY: readonly Unary[] = [
  { name: 'silu', op: silu, f: (x) => x * logistic(x), tensorflow: (x) => x.mul(tf.sigmoid(x)) },
  { name: 'sigmoid', op: sigmoid, f: logistic, tensorflow: (x) => tf.sigmoid(x) },
  {
    name: 'gelu erf',
    op: (tape, x) => gelu(tape, x, 'erf'),
    f: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    tensorflow: (x) => x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1)),
  },
  {
    name: 'gelu tanh',
    op: (tape, x) => gelu(tape, x, 'tanh'),
    f: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    tensorflow: (x) =>
      x.mul(0.5).mul(
        x
          .add(x.pow(3).mul(0.044715))
          .mul(Math.sqrt(2 / Math.PI))
          .tanh()
          .add(1),
      ),
  },
  {
    name: 'gelu quick',
    op: (tape, x) => gelu(tape, x, 'quick'),
    f: (x) => x * logistic(1.702 * x),
    tensorflow: (x) => x.mul(tf.sigmoid(x.mul(1.702))),
  },
  { name: 'tanh', op: tanh, f: Math.tanh, tensorflow: (x) => tf.tanh(x) },
  { name: 'relu', op: relu, f: (x) => Math.max(x, 0), tensorflow: (x) => tf.relu(x) },
  {
    name: 'scale',
    op: (tape, x) => scale(tape, x, -2.5),
    f: (x) => -2.5 * x,
    tensorflow: (x) => x.mul(-2.5),
  },
];

describe.each(UNARY)('$name', ({ name, op, f, tensorflow }) => {
  it.each(ODD_SIZES)('%i elements in [-4, 4)', async (count) => {
    await checkOp(await testGpu(), {
      name,
      inputs: { x: { shape: [count], data: numbers(count, count, 4) } },
      forward: (tape, { x }) => op(tape, x),
      reference: ({ x }) => x.map(f),
      tensorflow,
    });
  });

  it('is finite far out', async () => {
    const gpu = await testGpu();
    const far = Float32Array.of(-1e4, -200, -90, -20, 20, 90, 200, 1e4);
    const x = gpu.upload('inputs', 'x', [8], far);
    const [y] = await runOnce(gpu, name, (tape) => [op(tape, x)]);
    const ends: Readonly<Record<string, (v: number) => number>> = {
      scale: (v) => -2.5 * v,
      sigmoid: (v) => Number(v > 0),
      tanh: Math.sign,
    };
    const limit = far.map(ends[name] ?? ((v) => Math.max(v, 0)));
    expect(relativeError(y!, limit)).toBeLessThanOrEqual(1e-6);
  });
});

describe('swiglu', () => {
  it.each(ODD_SIZES)('%i elements', async (count) => {
    await checkOp(await testGpu(), {
      name: 'swiglu',
      inputs: {
        gate: { shape: [1, count], data: numbers(count, 1, 4) },
        up: { shape: [1, count], data: numbers(count, 2) },
      },
      forward: (tape, { gate, up }) => swiglu(tape, gate, up),
      reference: ({ gate, up }) => gate.map((x, i) => x * logistic(x) * up[i]!),
      tensorflow: (gate, up) => gate!.mul(tf.sigmoid(gate!)).mul(up!),
    });
  });
});

describe('add', () => {
  it('sums, and sends the gradient to both sides', async () => {
    await checkOp(await testGpu(), {
      name: 'add',
      inputs: { a: { shape: [7, 65], data: numbers(455, 1) }, b: { shape: [7, 65], data: numbers(455, 2) } },
      forward: (tape, { a, b }) => add(tape, a, b),
      reference: ({ a, b }) => a.map((x, i) => x + b[i]!),
    });
  });

  it('of a tensor with itself doubles the gradient', async () => {
    await checkOp(await testGpu(), {
      name: 'add',
      inputs: { a: { shape: [65], data: numbers(65, 1) } },
      forward: (tape, { a }) => add(tape, a, silu(tape, a)),
      reference: ({ a }) => a.map((x) => x + x * logistic(x)),
    });
  });
});
