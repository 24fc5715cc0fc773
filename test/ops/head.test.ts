import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type DType, Recorder, Tape, type Tensor } from '../../src/gpu/index.ts';
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from '../../src/math/half.ts';
import { headLogits, headLogProbs, NO_TARGET } from '../../src/ops/tokens/head.ts';
import { quantisedNumbers } from '../reference/quantised.ts';
import { checkOp, numbers, relativeError, runOnce, testGpu } from './harness.ts';

type Which = 'logProbs' | 'entropies';

interface Sizes {
  readonly rows: number;
  readonly d: number;
  /** Vocabulary rows of the two shards. */
  readonly shards: readonly [number, number];
}

const INVERSE_TEMPERATURE = 1.25;

/** Logits (times the inverse temperature) of one row, in float64. */
function logitsOf(
  hidden: Float64Array,
  weight: Float64Array,
  row: number,
  d: number,
  factor: number,
): number[] {
  return Array.from({ length: weight.length / d }, (_, v) => {
    let z = 0;
    for (let c = 0; c < d; c++) z += hidden[row * d + c]! * weight[v * d + c]!;
    return z * factor;
  });
}

function reference(
  which: Which,
  hidden: Float64Array,
  weight: Float64Array,
  targets: readonly number[],
  d: number,
): number[] {
  return targets.map((target, row) => {
    if (target === NO_TARGET) return 0;
    const z = logitsOf(hidden, weight, row, d, INVERSE_TEMPERATURE);
    const largest = Math.max(...z);
    const lse = largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    if (which === 'logProbs') return z[target]! - lse;
    return -z.reduce((sum, value) => sum + Math.exp(value - lse) * (value - lse), 0);
  });
}

const joined = (first: Float64Array, second: Float64Array): Float64Array =>
  Float64Array.from([...first, ...second]);

/** Targets spread over the vocabulary, its first and last id among them, and one row that does not count. */
function targetsFor({ rows, shards }: Sizes): number[] {
  const vocabulary = shards[0] + shards[1];
  const spread = Array.from({ length: rows }, (_, i) =>
    rows === 1 ? 0 : Math.floor((i * (vocabulary - 1)) / (rows - 1)),
  );
  return spread.map((target, i) => (i === 3 ? NO_TARGET : target));
}

function tensorflow(which: Which, targets: readonly number[]) {
  return (hidden: tf.Tensor, first: tf.Tensor, second: tf.Tensor): tf.Tensor => {
    const weight = tf.concat([first, second]);
    const logP = tf.logSoftmax(tf.mul(tf.matMul(hidden, weight, false, true), INVERSE_TEMPERATURE));
    const counts = tf.tensor1d(targets.map((target) => (target === NO_TARGET ? 0 : 1)));
    const hot = tf.oneHot(
      targets.map((target) => (target === NO_TARGET ? 0 : target)),
      weight.shape[0]!,
    );
    const picked =
      which === 'logProbs' ? tf.sum(tf.mul(logP, hot), 1) : tf.neg(tf.sum(tf.mul(tf.exp(logP), logP), 1));
    return tf.mul(picked, counts);
  };
}

async function check(which: Which, sizes: Sizes): Promise<void> {
  const gpu = await testGpu();
  const { rows, d, shards } = sizes;
  const targets = targetsFor(sizes);
  const ids = gpu.upload('inputs', 'targets', [rows], Uint32Array.from(targets), 'u32');
  const factor = gpu.upload('inputs', 'inverse temperature', [1], Float32Array.of(INVERSE_TEMPERATURE));
  await checkOp(gpu, {
    name: which,
    inputs: {
      hidden: { shape: [rows, d], data: numbers(rows * d, 1, 2) },
      first: { shape: [shards[0], d], data: numbers(shards[0] * d, 2) },
      second: { shape: [shards[1], d], data: numbers(shards[1] * d, 3) },
    },
    // The smallest tiles there are, so that even a small vocabulary takes several.
    forward: (tape, { hidden, first, second }) =>
      headLogProbs(tape, hidden, [first, second], ids, factor, { tileBytes: 1 })[which],
    reference: ({ hidden, first, second }) => reference(which, hidden, joined(first, second), targets, d),
    tensorflow: tensorflow(which, targets),
  });
  gpu.free(ids, factor);
}

const SIZES: readonly Sizes[] = [
  { rows: 1, d: 1, shards: [1, 6] },
  { rows: 7, d: 7, shards: [300, 65] },
  { rows: 5, d: 64, shards: [128, 129] },
  { rows: 65, d: 12, shards: [64, 1] },
];

describe('headLogProbs', () => {
  it.each(SIZES)('log-probabilities: $rows rows of $d, shards of $shards', (sizes) =>
    check('logProbs', sizes),
  );
  it.each(SIZES)('entropies: $rows rows of $d, shards of $shards', (sizes) => check('entropies', sizes));

  it('gradients of both outputs together are the sum of the two', async () => {
    const gpu = await testGpu();
    const [rows, d, vocabulary] = [9, 8, 200];
    const ids = gpu.upload(
      'inputs',
      'targets',
      [rows],
      Uint32Array.from(numbers(rows, 4, 99), (x) => x + 99),
      'u32',
    );
    const factor = gpu.upload('inputs', 'inverse temperature', [1], Float32Array.of(0.7));
    const hidden = gpu.upload('inputs', 'hidden', [rows, d], numbers(rows * d, 1));
    const weight = gpu.upload('weights', 'weight', [vocabulary, d], numbers(vocabulary * d, 2));
    const seeds = { logProbs: numbers(rows, 5), entropies: numbers(rows, 6) };
    const seedTensors = {
      logProbs: gpu.upload('inputs', 'd1', [rows], seeds.logProbs),
      entropies: gpu.upload('inputs', 'd2', [rows], seeds.entropies),
    };
    const gradient = async (outputs: readonly Which[]): Promise<Float32Array> => {
      const grad = gpu.tensor('gradients', 'd hidden', [rows, d]);
      await runOnce(gpu, 'both', (tape) => {
        const result = headLogProbs(tape, { ...hidden, grad }, [weight], ids, factor);
        tape.backward(outputs.map((which) => [result[which], seedTensors[which]]));
        return [result.logProbs];
      });
      return gpu.read(grad);
    };
    const [one, other, both] = [
      await gradient(['logProbs']),
      await gradient(['entropies']),
      await gradient(['logProbs', 'entropies']),
    ];
    expect(
      relativeError(
        both,
        one.map((x, i) => x + other[i]!),
      ),
    ).toBeLessThanOrEqual(1e-5);
    expect(relativeError(both, one)).toBeGreaterThan(1e-2);
    gpu.free(ids, factor, hidden, weight, seedTensors.logProbs, seedTensors.entropies);
  });

  it.each<[DType, (x: number) => number, (bits: number) => number]>([
    ['bf16', numberToBf16, bf16ToNumber],
    ['f16', numberToF16, f16ToNumber],
  ])('frozen %s weights, exact to their stored values, over tiles', async (dtype, narrow, widen) => {
    const gpu = await testGpu();
    const [rows, d, vocabulary] = [6, 20, 300];
    const words = Uint16Array.from(numbers(vocabulary * d, 2), narrow);
    const targets = [0, 1, 127, 128, 255, 299];
    const ids = gpu.upload('inputs', 'targets', [rows], Uint32Array.from(targets), 'u32');
    const factor = gpu.upload('inputs', 'inverse temperature', [1], Float32Array.of(INVERSE_TEMPERATURE));
    const weight = gpu.upload('weights', 'weight', [vocabulary, d], words, dtype);
    await checkOp(gpu, {
      name: dtype,
      inputs: { hidden: { shape: [rows, d], data: numbers(rows * d, 1, 2) } },
      forward: (tape, { hidden }) =>
        headLogProbs(tape, hidden, [weight], ids, factor, { tileBytes: 1 }).logProbs,
      reference: ({ hidden }) => reference('logProbs', hidden, Float64Array.from(words, widen), targets, d),
    });
    gpu.free(ids, factor, weight);
  });

  it.each(['q8', 'q4'] as const)(
    'frozen %s weights, exact to what they stand for, over tiles',
    async (dtype) => {
      const gpu = await testGpu();
      const [rows, d, vocabulary] = [6, 32, 301];
      const { words, values } = quantisedNumbers(vocabulary * d, dtype, 2);
      const targets = [0, 1, 127, 128, 255, 300];
      const ids = gpu.upload('inputs', 'targets', [rows], Uint32Array.from(targets), 'u32');
      const factor = gpu.upload('inputs', 'inverse temperature', [1], Float32Array.of(INVERSE_TEMPERATURE));
      const weight = gpu.upload('weights', 'weight', [vocabulary, d], words, dtype);
      await checkOp(gpu, {
        name: dtype,
        inputs: { hidden: { shape: [rows, d], data: numbers(rows * d, 1, 2) } },
        forward: (tape, { hidden }) =>
          headLogProbs(tape, hidden, [weight], ids, factor, { tileBytes: 1 }).logProbs,
        reference: ({ hidden }) => reference('logProbs', hidden, Float64Array.from(values), targets, d),
      });
      gpu.free(ids, factor, weight);
    },
  );

  it('large logits stay exact', async () => {
    const gpu = await testGpu();
    const [rows, vocabulary] = [2, 200];
    const hidden = Float32Array.of(1, 1);
    const column = Float32Array.from({ length: vocabulary }, (_, v) =>
      v === 150 ? 5000 : v === 3 ? 4998 : -v,
    );
    const upload = (label: string, shape: number[], data: Float32Array): Tensor =>
      gpu.upload('inputs', label, shape, data);
    const inputs = [upload('hidden', [rows, 1], hidden), upload('w', [vocabulary, 1], column)] as const;
    const ids = gpu.upload('inputs', 'targets', [rows], Uint32Array.of(150, 3), 'u32');
    const factor = upload('one', [1], Float32Array.of(1));
    const [logProbs, entropies] = await runOnce(gpu, 'large', (tape) => {
      const result = headLogProbs(tape, inputs[0], [inputs[1]], ids, factor, { tileBytes: 1 });
      return [result.logProbs, result.entropies];
    });
    const lse = Math.log(1 + Math.exp(-2));
    expect(relativeError(logProbs!, [-lse, -2 - lse])).toBeLessThanOrEqual(1e-5);
    const p = Math.exp(-2 - lse);
    expect(relativeError(entropies!, [lse + 2 * p, lse + 2 * p])).toBeLessThanOrEqual(1e-5);
    gpu.free(...inputs, ids, factor);
  });

  it('refuses weights of another width', async () => {
    const gpu = await testGpu();
    const x = gpu.tensor('inputs', 'x', [2, 4]);
    const w = gpu.tensor('weights', 'w', [8, 3]);
    const ids = gpu.tensor('inputs', 'targets', [2], 'u32');
    const factor = gpu.tensor('inputs', 'factor', [1]);
    expect(() => headLogProbs(new Tape(), x, [w], ids, factor)).toThrow(/w is \[8, 3\], expected \[\*, 4\]/);
    gpu.free(x, w, ids, factor);
  });
});

describe('headLogits', () => {
  it.each<[number, readonly number[]]>([
    [1, [65]],
    [3, [65]],
    [8, [64, 7, 130]],
  ])('%i rows, shards of %j', async (rows, extents) => {
    const gpu = await testGpu();
    const d = 12;
    const vocabulary = extents.reduce((a, b) => a + b, 0);
    const hidden = numbers(rows * d, 1);
    const weight = numbers(vocabulary * d, 2);
    const input = gpu.upload('inputs', 'hidden', [rows, d], hidden);
    let start = 0;
    const shards = extents.map((extent) => {
      const data = weight.slice(start * d, (start + extent) * d);
      start += extent;
      return gpu.upload('weights', 'shard', [extent, d], data);
    });
    const [actual] = await runOnce(gpu, 'logits', (tape) => [headLogits(tape.recorder, input, shards)]);
    const expected = Array.from({ length: rows }, (_, row) =>
      logitsOf(Float64Array.from(hidden), Float64Array.from(weight), row, d, 1),
    ).flat();
    expect(relativeError(actual!, expected)).toBeLessThanOrEqual(1e-5);
    expect(headLogits(new Recorder(), input, shards).shape).toEqual([rows, vocabulary]);
    gpu.free(input, ...shards);
  });
});
