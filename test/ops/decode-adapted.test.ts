/** Adapters around attention without dispatches of their own, against those with: the latter are compared with float64 elsewhere. */
import { describe, expect, it } from 'vitest';
import { type DType, type Gpu, placed, type Tensor } from '../../src/gpu/index.ts';
import { f32ToBf16 } from '../../src/math/half.ts';
import { ropeTable } from '../../src/ops/attention/rope.ts';
import { type AttentionAdapters, adaptedProjections } from '../../src/ops/decode/decode-adapted.ts';
import { attentionProducts, decodeAttention, rowAngles } from '../../src/ops/decode/decode-attention.ts';
import { addProjection, type DecodeLinear, projections } from '../../src/ops/decode/decode-linear.ts';
import type { DecodeVariant } from '../../src/ops/decode/gemv.ts';
import type { LoraAdapter } from '../../src/ops/matmul/linear.ts';
import { loraWindow } from '../../src/ops/matmul/lora-window.ts';
import { BY_THREADS, numbers, relativeError, runOnce, sharingVariants, testGpu } from './harness.ts';

const SLOTS = 40;
const SHAPE = { heads: 6, kvHeads: 2, headDim: 32 };
const [DEPTH, HIDDEN] = [100, 36];
const WIDTHS = { q: 192, k: 64, v: 64, o: HIDDEN };
type Name = keyof typeof WIDTHS;
const NAMES: readonly Name[] = ['q', 'k', 'v', 'o'];
const depthOf = (name: Name): number => (name === 'o' ? WIDTHS.q : DEPTH);

/** Tensors one behind the other in one buffer, each from a multiple of 64 elements on. */
class Flat {
  readonly #all: Tensor;
  readonly #gpu: Gpu;
  #used: number;

  constructor(gpu: Gpu, first: number) {
    this.#gpu = gpu;
    this.#all = gpu.tensor('trainable', 'flat', [20_000]);
    this.#used = first;
  }

  add(shape: readonly [number, number], seed: number): Tensor {
    const { buffer } = placed(this.#all);
    const tensor: Tensor = {
      label: `flat ${seed}`,
      shape,
      dtype: 'f32',
      storage: { kind: 'buffer', buffer, offset: 4 * this.#used },
    };
    this.#used += Math.ceil((shape[0] * shape[1]) / 64) * 64;
    this.#gpu.write(tensor, numbers(shape[0] * shape[1], seed, 0.5));
    return tensor;
  }
}

function linearsOf(
  gpu: Gpu,
  ranks: Readonly<Record<Name, number>>,
  dtype: DType,
): Record<Name, DecodeLinear & { bias: Tensor; adapter: LoraAdapter | undefined }> {
  const flat = new Flat(gpu, 128);
  const entries = NAMES.map((name, at) => {
    const [out, depth, rank] = [WIDTHS[name], depthOf(name), ranks[name]];
    const values = numbers(out * depth, 10 * at, 0.3);
    const weight = gpu.upload(
      'weights',
      name,
      [out, depth],
      dtype === 'bf16' ? f32ToBf16(values) : values,
      dtype,
    );
    const bias = gpu.upload('weights', `${name} bias`, [out], numbers(out, 10 * at + 1));
    const adapter =
      rank === 0
        ? undefined
        : {
            a: flat.add([rank, depth], 10 * at + 2),
            b: flat.add([out, rank], 10 * at + 3),
            scale: 0.5 + at,
          };
    return [name, { weight, bias, adapter }] as const;
  });
  return Object.fromEntries(entries) as ReturnType<typeof linearsOf>;
}

type Ranks = Readonly<Record<Name, number>>;

async function checkAdapters(
  gpu: Gpu,
  [ranks, dtype, rows]: readonly [Ranks, DType, number],
  variant: DecodeVariant,
): Promise<void> {
  const linears = linearsOf(gpu, ranks, dtype);
  const { q, k, v, o } = linears;
  const x = gpu.upload('inputs', 'x', [rows, DEPTH], numbers(rows * DEPTH, 91));
  const norm = { weight: gpu.upload('weights', 'norm', [DEPTH], numbers(DEPTH, 92)), eps: 1e-5 };
  const biasValues = Float32Array.of(...numbers(WIDTHS.q, 1), ...numbers(WIDTHS.k, 11));
  const adapters: AttentionAdapters = {
    window: loraWindow(NAMES.flatMap((name) => linears[name].adapter ?? []))!,
    biases: gpu.upload('weights', 'biases', [biasValues.length], biasValues),
    q: q.adapter,
    k: k.adapter,
    v: v.adapter,
    o: o.adapter,
  };
  const table = ropeTable(gpu, SHAPE.headDim, 1e4, 50);
  const at = Uint32Array.from({ length: rows }, (_, row) => 11 + row);
  const positions = gpu.upload('inputs', 'positions', [rows], at, 'u32');
  const spanValues = [...at].flatMap((own) => [0, 11, own, own + 1]);
  const spans = gpu.upload('inputs', 'spans', [rows, 4], Uint32Array.from(spanValues), 'u32');
  const cacheOf = () => ({
    keys: gpu.upload('cache', 'keys', [SLOTS, WIDTHS.k], numbers(SLOTS * WIDTHS.k, 93)),
    values: gpu.upload('cache', 'values', [SLOTS, WIDTHS.v], numbers(SLOTS * WIDTHS.v, 94)),
  });
  const caches = [cacheOf(), cacheOf()] as const;
  const streams = [0, 1].map(() =>
    gpu.upload('inputs', 'residual', [rows, HIDDEN], numbers(rows * HIDDEN, 95)),
  ) as [Tensor, Tensor];
  const { bias: valueBias, ...value } = v;
  const { bias: _, ...out } = o;
  const counts: number[] = [];
  const mixed = await runOnce(gpu, 'adapted', ({ recorder }) => {
    const angles = rowAngles(recorder, { positions, spans }, table);
    const input = { x, norm, variant };
    const count = (): void => {
      counts.push(recorder.dispatches.length);
    };
    count();
    const plain = decodeAttention(
      recorder,
      { qkv: projections(recorder, input, [q, k, value]), valueBias, angles, spans, ...caches[0] },
      SHAPE,
      variant,
    );
    addProjection(recorder, { x: plain, variant }, out, streams[0]);
    count();
    const qkv = adaptedProjections(recorder, input, [q, k, value], adapters);
    const near = decodeAttention(
      recorder,
      { qkv, valueBias, angles, spans, ...caches[1], adapters },
      SHAPE,
      variant,
    );
    addProjection(recorder, { x: near, variant }, out, streams[1], attentionProducts(near, SHAPE, adapters));
    count();
    return [plain, near];
  });
  expect(counts[2]! - counts[1]!).toBe(3);
  const width = mixed[1]!.length / rows;
  const heads = Array.from({ length: rows }, (_, row) => [
    ...mixed[1]!.subarray(row * width, row * width + WIDTHS.q),
  ]).flat();
  expect(relativeError(heads, mixed[0]!)).toBeLessThan(2e-6);
  for (const part of ['keys', 'values'] as const) {
    expect(relativeError(await gpu.read(caches[1][part]), await gpu.read(caches[0][part]))).toBeLessThan(
      1e-6,
    );
  }
  expect(relativeError(await gpu.read(streams[1]), await gpu.read(streams[0]))).toBeLessThan(2e-6);
}

/** Blocks of five rows but for the last: each number of rows is a kernel of its own. */
describe.each([
  [{ q: 3, k: 0, v: 5, o: 6 }, 'f32', 5, false],
  [{ q: 16, k: 16, v: 16, o: 16 }, 'bf16', 10, true],
  [{ q: 0, k: 0, v: 0, o: 70 }, 'f32', 9, true],
  [{ q: 0, k: 1, v: 4, o: 0 }, 'bf16', 1, false],
] as const)(
  'adapters of ranks %o beside %s weights, %i rows, variants that share: %s',
  (ranks, dtype, rows, together) => {
    it('change queries, keys, values and the residual stream as with dispatches of their own', async () => {
      const gpu = await testGpu();
      const ways = together ? sharingVariants(gpu) : [BY_THREADS];
      for (const variant of ways) await checkAdapters(gpu, [ranks, dtype, rows], variant);
    });
  },
);

describe('a window over adapters', () => {
  it('spans matrices of one buffer from an offset that can be bound, and says where each begins', async () => {
    const gpu = await testGpu();
    const flat = new Flat(gpu, 4 * 64 + 4);
    const first = { a: flat.add([3, 8], 1), b: flat.add([5, 3], 2), scale: 1 };
    const second = { a: flat.add([2, 8], 3), b: flat.add([5, 2], 4), scale: 1 };
    const window = loraWindow([second, first])!;
    const { offset } = placed(window.values);
    expect(offset % 256).toBe(0);
    const values = await gpu.read(window.values);
    for (const [matrix, seed] of [
      [first.a, 1],
      [first.b, 2],
      [second.a, 3],
      [second.b, 4],
    ] as const) {
      const start = window.startOf(matrix);
      expect(start % 4).toBe(0);
      const count = matrix.shape[0]! * matrix.shape[1]!;
      expect(values.slice(start, start + count)).toEqual(numbers(count, seed, 0.5));
    }
  });

  it('is none over matrices of several buffers, far apart, at offsets that vectors cannot be read from, or without any', async () => {
    const gpu = await testGpu();
    const adapterAt = (flat: Flat): LoraAdapter => ({
      a: flat.add([2, 8], 1),
      b: flat.add([8, 2], 2),
      scale: 1,
    });
    expect(loraWindow([])).toBeUndefined();
    expect(loraWindow([adapterAt(new Flat(gpu, 0)), adapterAt(new Flat(gpu, 0))])).toBeUndefined();
    expect(loraWindow([adapterAt(new Flat(gpu, 2))])).toBeUndefined();
    const flat = new Flat(gpu, 0);
    const near = adapterAt(flat);
    flat.add([100, 100], 3);
    expect(loraWindow([near, adapterAt(flat)])).toBeUndefined();
  });
});
