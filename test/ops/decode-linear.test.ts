import { describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import {
  addProjection,
  type DecodeLinear,
  decodeLogits,
  projections,
} from '../../src/ops/decode/decode-linear.ts';
import { decodeSwiglu } from '../../src/ops/decode/decode-swiglu.ts';
import type { DecodeVariant } from '../../src/ops/decode/gemv.ts';
import { BY_THREADS, numbers, relativeError, runOnce, sharingVariants, testGpu } from './harness.ts';
import { type StoredFormat as Format, storedWeight as weightOf } from './stored-weight.ts';

const EPS = 1e-5;
const BOUND = 1e-6;

/** A layer and what it stands for. */
interface Layer {
  readonly linear: DecodeLinear;
  /** out · depth */
  readonly weight: ArrayLike<number>;
  readonly bias?: Float32Array | undefined;
  readonly a?: Float32Array;
  readonly b?: Float32Array;
}

const SCALE = 0.75;

interface LayerOptions {
  readonly biased?: boolean;
  readonly rank?: number;
}

function layerOf(
  gpu: Gpu,
  format: Format,
  shape: [number, number],
  seed: number,
  { biased = false, rank = 0 }: LayerOptions = {},
): Layer {
  const [outs, depth] = shape;
  const { tensor: weight, values } = weightOf(gpu, format, shape, seed);
  const bias = biased ? numbers(outs, seed + 1) : undefined;
  const linear = { weight, bias: bias && gpu.upload('weights', 'bias', [outs], bias) };
  if (rank === 0) return { linear, weight: values, bias };
  const [a, b] = [numbers(rank * depth, seed + 2), numbers(outs * rank, seed + 3)];
  const adapter = {
    a: gpu.upload('trainable', 'a', [rank, depth], a),
    b: gpu.upload('trainable', 'b', [outs, rank], b),
    scale: SCALE,
  };
  return { linear: { ...linear, adapter }, weight: values, bias, a, b };
}

const product = (x: readonly number[], matrix: ArrayLike<number>, row: number): number =>
  x.reduce((sum, value, d) => sum + value * matrix[row * x.length + d]!, 0);

/** One row through one layer, in float64. */
function applied(x: readonly number[], { weight, bias, a, b }: Layer): number[] {
  const h = Array.from({ length: (a?.length ?? 0) / x.length }, (_, i) => product(x, a!, i));
  return Array.from(
    { length: weight.length / x.length },
    (_, j) => product(x, weight, j) + (bias?.[j] ?? 0) + (b ? SCALE * product(h, b, j) : 0),
  );
}

function normed(x: readonly number[], weight: ArrayLike<number>): number[] {
  const square = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  return x.map((value, d) => (value * weight[d]!) / Math.sqrt(square + EPS));
}

function inputOf(gpu: Gpu, rows: number, depth: number, variant: DecodeVariant) {
  const [x, weight] = [numbers(rows * depth, 1), numbers(depth, 2)];
  const norm = { weight: gpu.upload('weights', 'norm', [depth], weight), eps: EPS };
  const plain = Array.from({ length: rows }, (_, r) => [...x.subarray(r * depth, (r + 1) * depth)]);
  const tensor = gpu.upload('inputs', 'x', [rows, depth], x);
  return { input: { x: tensor, norm, variant }, plain, normed: plain.map((row) => normed(row, weight)) };
}

type Case = readonly [format: Format, rows: number, depth: number];

async function checkProjections(
  [format, rows, depth]: Case,
  variant: DecodeVariant,
  ranks: number[],
): Promise<void> {
  const gpu = await testGpu();
  const { input, normed: inputs } = inputOf(gpu, rows, depth, variant);
  const layers = [13, 5, 6].map((outs, i) =>
    layerOf(gpu, format, [outs, depth], 10 * i + 10, { biased: i < 2, rank: ranks[i]! }),
  );
  const [found] = await runOnce(gpu, 'projections', ({ recorder }) => [
    projections(
      recorder,
      input,
      layers.map(({ linear }) => linear),
    ),
  ]);
  const expected = inputs.flatMap((x) => layers.flatMap((layer) => applied(x, layer)));
  expect(relativeError(found!, expected)).toBeLessThan(BOUND);
}

async function checkSwiglu(
  [format, rows, depth]: Case,
  variant: DecodeVariant,
  ranks: number[],
): Promise<void> {
  const gpu = await testGpu();
  const { input, normed: inputs } = inputOf(gpu, rows, depth, variant);
  const [gate, up] = ranks.map((rank, i) => layerOf(gpu, format, [11, depth], 10 * i + 50, { rank }));
  const [found] = await runOnce(gpu, 'SwiGLU', ({ recorder }) => [
    decodeSwiglu(recorder, input, gate!.linear, up!.linear),
  ]);
  const expected = inputs.flatMap((x) => {
    const factors = applied(x, up!);
    return applied(x, gate!).map((g, j) => (g / (1 + Math.exp(-g))) * factors[j]!);
  });
  expect(relativeError(found!, expected)).toBeLessThan(BOUND);
}

async function checkResidual(
  [format, rows, depth]: Case,
  variant: DecodeVariant,
  rank: number,
): Promise<void> {
  const gpu = await testGpu();
  const { input, plain } = inputOf(gpu, rows, depth, variant);
  const layer = layerOf(gpu, format, [9, depth], 90, { rank });
  const before = numbers(rows * 9, 5);
  const residual = gpu.upload('inputs', 'residual', [rows, 9], before);
  await runOnce(gpu, 'residual', ({ recorder }) => {
    addProjection(recorder, { x: input.x, variant }, layer.linear, residual);
    return [];
  });
  const expected = plain.flatMap((x) => applied(x, layer)).map((value, i) => value + before[i]!);
  const found = (await gpu.read(residual)).slice(0, expected.length);
  expect(relativeError(found, expected)).toBeLessThan(BOUND);
}

/**
 * Every format; one row, some, and two blocks of which one is not full (eight rows are below); depths that are no multiple of what the lanes
 * take at a time. A number of rows is a kernel of its own, so formats share them.
 */
const CASES: readonly Case[] = [
  ['f32', 9, 100],
  ['bf16', 3, 132],
  ['f16', 1, 44],
  ['q8', 3, 96],
  ['q4', 3, 224],
];

describe.each(CASES)('layers of %s on %i rows, depth %i', (...test) => {
  it('project a normed input side by side', () => checkProjections(test, BY_THREADS, [0, 0, 0]));
  it('project with adapters of different ranks, one of them missing', () =>
    checkProjections(test, BY_THREADS, [3, 0, 5]));
  it('make a gated product', () => checkSwiglu(test, BY_THREADS, [0, 0]));
  it('make a gated product with adapters', () => checkSwiglu(test, BY_THREADS, [2, 5]));
  it('add to the residual stream', () => checkResidual(test, BY_THREADS, 0));
  it('add to the residual stream with an adapter', () => checkResidual(test, BY_THREADS, 4));
});

/** Twice eight rows, one block of them not full: what adapters are multiplied by is then the same kernel. */
describe.each([
  ['f32', 15, 100],
  ['bf16', 1, 2052],
  ['q4', 8, 224],
] as const)('layers of %s on %i rows, depth %i shared between lanes', (...test) => {
  const each = (check: (variant: DecodeVariant) => Promise<void>) => async () => {
    for (const variant of sharingVariants(await testGpu())) await check(variant);
  };
  it(
    'project',
    each((variant) => checkProjections(test, variant, [3, 0, 5])),
  );
  it(
    'make a gated product',
    each((variant) => checkSwiglu(test, variant, [2, 5])),
  );
  it(
    'add to the residual stream',
    each((variant) => checkResidual(test, variant, 4)),
  );
});

describe('layers of different formats', () => {
  it('take a dispatch each', async () => {
    const gpu = await testGpu();
    const { input, normed: inputs } = inputOf(gpu, 2, 32, BY_THREADS);
    const layers = (['f32', 'q8', 'f32'] as const).map((format, i) =>
      layerOf(gpu, format, [5, 32], 10 * i, { biased: i === 1, rank: i }),
    );
    const linears = layers.map(({ linear }) => linear);
    const [side, gated] = await runOnce(gpu, 'mixed', ({ recorder }) => [
      projections(recorder, input, linears),
      decodeSwiglu(recorder, input, linears[0]!, { ...linears[1]!, bias: undefined }),
    ]);
    const expected = inputs.flatMap((x) => layers.flatMap((layer) => applied(x, layer)));
    expect(relativeError(side!, expected)).toBeLessThan(BOUND);
    const product = inputs.flatMap((x) => {
      const factors = applied(x, { ...layers[1]!, bias: undefined });
      return applied(x, layers[0]!).map((g, j) => (g / (1 + Math.exp(-g))) * factors[j]!);
    });
    expect(relativeError(gated!, product)).toBeLessThan(BOUND);
  });
});

describe('logits', () => {
  it('of five shards lie side by side, the same bits every time', async () => {
    const gpu = await testGpu();
    for (const variant of sharingVariants(gpu)) {
      const { input, normed: inputs } = inputOf(gpu, 3, 36, variant);
      const shards = [7, 4, 9, 1, 3].map((rows, i) => layerOf(gpu, 'bf16', [rows, 36], 10 * i));
      const weights = shards.map(({ linear }) => linear.weight);
      const run = () => runOnce(gpu, 'logits', ({ recorder }) => [decodeLogits(recorder, input, weights)]);
      const [found] = await run();
      const expected = inputs.flatMap((x) => shards.flatMap((shard) => applied(x, shard)));
      expect(relativeError(found!, expected), variant.name).toBeLessThan(BOUND);
      expect((await run())[0]).toEqual(found);
    }
  });

  it('need a depth divisible by four', async () => {
    const gpu = await testGpu();
    const { input } = inputOf(gpu, 1, 6, BY_THREADS);
    const { linear } = layerOf(gpu, 'f32', [3, 6], 1);
    await expect(
      runOnce(gpu, 'logits', ({ recorder }) => [decodeLogits(recorder, input, [linear.weight])]),
    ).rejects.toThrow('6 columns, expected a multiple of 4');
  });
});
