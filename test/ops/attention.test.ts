import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { PLAIN, sizeOf, Tape, type Tensor, type Traits } from '../../src/gpu/index.ts';
import { attention } from '../../src/ops/attention/attention.ts';
import { variantOf } from '../../src/ops/attention/attention-variants.ts';
import { checkOp, numbers, type OpCase, relativeError, runOnce, testGpu } from './harness.ts';

interface Spans {
  readonly spans: readonly (readonly [number, number, number, number])[];
  readonly keySpans: readonly (readonly [number, number])[];
}

interface Layout extends Spans {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Lavapipe unrolls the loops over a head's columns: its first compile of large heads takes long. */
const SLOW_COMPILER_MS = 480_000;
const HAS_SLOW_COMPILER = process.env.STUDIO_ADAPTER === 'lavapipe';
/** The largest heads take it a minute, for the same loops with another end: they are run on the adapter that browsers have. */
const LARGE_HEADS = HAS_SLOW_COMPILER ? [64] : [64, 128];
/** Loops that come unrolled take it half a minute from heads of 64 on: the same. */
const LARGEST_UNROLLED = HAS_SLOW_COMPILER ? 16 : 80;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Every query sees every key. */
const bidirectional = (n: number, m = n): Spans => ({
  spans: range(n).map(() => [0, m, 0, 0] as const),
  keySpans: range(m).map(() => [0, n] as const),
});

/** Query i sees keys 0 … i. */
const causal = (n: number): Spans => ({
  spans: range(n).map((i) => [0, 0, 0, i + 1] as const),
  keySpans: range(n).map((i) => [i, n] as const),
});

/** A causal prompt, then completions that see the prompt and themselves. */
function packed(prompt: number, completions: readonly number[]): Spans {
  const total = prompt + completions.reduce((a, b) => a + b, 0);
  const spans: (readonly [number, number, number, number])[] = range(prompt).map((i) => [0, 0, 0, i + 1]);
  const keySpans: (readonly [number, number])[] = range(prompt).map((i) => [i, total]);
  for (const length of completions) {
    const start = spans.length;
    for (const i of range(length)) {
      spans.push([0, prompt, start, start + i + 1]);
      keySpans.push([start + i, start + length]);
    }
  }
  return { spans, keySpans };
}

/** Two segments apart from each other, with a row between them that sees nothing and is seen by nobody. */
function segments(first: number, second: number): Spans {
  const end = first + 1 + second;
  return {
    spans: range(end).map((i) =>
      i < first ? [0, first, 0, 0] : i === first ? [0, 0, 0, 0] : [first + 1, end, 0, 0],
    ),
    keySpans: range(end).map((j) => (j < first ? [0, first] : j === first ? [0, 0] : [first + 1, end])),
  };
}

/** One row of groups that see nothing of each other. */
function followed(first: Spans, second: Spans): Spans {
  const start = first.spans.length;
  const shift = (range: readonly number[]): number[] => range.map((at) => at + start);
  return {
    spans: [...first.spans, ...second.spans.map((span) => shift(span) as [number, number, number, number])],
    keySpans: [...first.keySpans, ...second.keySpans.map((span) => shift(span) as [number, number])],
  };
}

const sees = ([a, b, c, d]: readonly [number, number, number, number], j: number): boolean =>
  (j >= a && j < b) || (j >= c && j < d);

function reference(q: Float64Array, k: Float64Array, v: Float64Array, layout: Layout): Float64Array {
  const { heads, kvHeads, headDim, spans } = layout;
  const out = new Float64Array(q.length);
  const keys = k.length / (kvHeads * headDim);
  spans.forEach((span, i) => {
    for (let h = 0; h < heads; h++) {
      const at = (i * heads + h) * headDim;
      const kv = Math.floor(h / (heads / kvHeads));
      const seen = range(keys).filter((j) => sees(span, j));
      const scores = seen.map((j) => {
        let dot = 0;
        for (let c = 0; c < headDim; c++) dot += q[at + c]! * k[(j * kvHeads + kv) * headDim + c]!;
        return dot / Math.sqrt(headDim);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const sum = weights.reduce((a, b) => a + b, 0);
      seen.forEach((j, n) => {
        for (let c = 0; c < headDim; c++) {
          out[at + c] = out[at + c]! + (weights[n]! / sum) * v[(j * kvHeads + kv) * headDim + c]!;
        }
      });
    }
  });
  return out;
}

/** Masked dense attention, head by head; only for layouts where every query sees some key. */
function tensorflow(layout: Layout): (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.Tensor {
  const { heads, kvHeads, headDim, spans, keySpans } = layout;
  const mask = tf.tensor2d(spans.map((span) => keySpans.map((_, j) => (sees(span, j) ? 0 : -1e9))));
  const split = (x: tf.Tensor, count: number): tf.Tensor =>
    tf.transpose(tf.reshape(x, [-1, count, headDim]), [1, 0, 2]);
  const repeat = (x: tf.Tensor): tf.Tensor =>
    tf.reshape(tf.tile(tf.expandDims(x, 1), [1, heads / kvHeads, 1, 1]), [heads, x.shape[1]!, headDim]);
  return (q, k, v) => {
    const scores = tf.matMul(split(q, heads), repeat(split(k, kvHeads)), false, true);
    const weights = tf.softmax(tf.add(tf.div(scores, Math.sqrt(headDim)), mask));
    const mixed = tf.matMul(weights, repeat(split(v, kvHeads)));
    return tf.reshape(tf.transpose(mixed, [1, 0, 2]), [-1, heads * headDim]);
  };
}

/** Against float64, and against tfjs where that has no row without keys. By threads unless traits are given. */
async function check(
  name: string,
  layout: Layout,
  { againstTensorflow = true, traits = PLAIN }: { againstTensorflow?: boolean; traits?: Traits } = {},
): Promise<void> {
  const gpu = await testGpu();
  const { heads, kvHeads, headDim, spans, keySpans } = layout;
  const [n, m] = [spans.length, keySpans.length];
  const spanTensor = gpu.upload('inputs', 'spans', [n, 4], Uint32Array.from(spans.flat()), 'u32');
  const keyTensor = gpu.upload('inputs', 'keySpans', [m, 2], Uint32Array.from(keySpans.flat()), 'u32');
  const test: OpCase<'q' | 'k' | 'v'> = {
    name,
    inputs: {
      q: { shape: [n, heads * headDim], data: numbers(n * heads * headDim, 1, 2) },
      k: { shape: [m, kvHeads * headDim], data: numbers(m * kvHeads * headDim, 2, 2) },
      v: { shape: [m, kvHeads * headDim], data: numbers(m * kvHeads * headDim, 3) },
    },
    forward: (tape, { q, k, v }) =>
      attention(tape, q, k, v, { heads, kvHeads, headDim, spans: spanTensor, keySpans: keyTensor }),
    reference: ({ q, k, v }) => reference(q, k, v, layout),
    ...(againstTensorflow ? { tensorflow: tensorflow(layout) } : {}),
  };
  await checkOp(gpu, test, traits);
  gpu.free(spanTensor, keyTensor);
}

/** As of a GPU that has the device's subgroups. */
async function asDiscrete(): Promise<Traits> {
  const { lanes } = (await testGpu()).traits;
  return { isSoftware: false, lanes, halves: false, variants: { attention: 'subgroup' } };
}

describe('attention', () => {
  it.each([1, 7, 63, 64, 65, 200])('causal over %i tokens', (n) =>
    check('causal', { heads: 2, kvHeads: 2, headDim: 8, ...causal(n) }),
  );

  it.each([
    [1, 4],
    [7, 4],
    [64, 8],
    [65, 8],
  ])('everything seen, %i tokens, head size %i', (n, headDim) =>
    check('bidirectional', { heads: 2, kvHeads: 1, headDim, ...bidirectional(n) }),
  );

  it.each([1, 6, 10])('heads of an odd size, %i', (headDim) =>
    check('odd heads', { heads: 4, kvHeads: 2, headDim, ...packed(5, [3, 7]) }),
  );

  it.each(LARGE_HEADS)(
    'grouped heads of size %i',
    (headDim) => check('grouped', { heads: 6, kvHeads: 2, headDim, ...causal(9) }),
    SLOW_COMPILER_MS,
  );

  it('few queries of large heads over many keys', () =>
    check('few', { heads: 2, kvHeads: 1, headDim: 64, ...bidirectional(3, 130) }));

  it('more keys than queries, in several workgroups', () =>
    check('cross', { heads: 1, kvHeads: 1, headDim: 8, ...bidirectional(40, 200) }));

  it('a packed group: prompt, then completions that see it and themselves', () =>
    check('packed', { heads: 4, kvHeads: 2, headDim: 8, ...packed(11, [1, 5, 30, 20]) }));

  it.each([3, 40])('separate segments; a row that sees nothing gives 0 and passes nothing on (%i)', (n) =>
    check('segments', { heads: 2, kvHeads: 1, headDim: 8, ...segments(n, 5) }, { againstTensorflow: false }),
  );

  const asSuits = [
    ['causal', 16, { ...causal(9) }],
    ['causal', 80, { ...causal(7) }],
    ['seen by all', 32, { ...bidirectional(5) }],
    ['more keys than queries', 64, { ...bidirectional(3, 130) }],
    ['packed', 16, { ...packed(11, [1, 5, 30, 20]) }],
    ['packed', 64, { ...packed(9, [4, 6]) }],
  ] as const;

  it.each(asSuits.filter(([, headDim]) => headDim <= LARGEST_UNROLLED))(
    'as suits the device: %s, heads of %d',
    async (name, headDim, layout) => {
      const { traits } = await testGpu();
      const { kernels } = variantOf(traits, headDim);
      expect(kernels.forward.shader).toBe('attention/thread-unrolled');
      await check(name, { heads: 4, kvHeads: 2, headDim, ...layout }, { traits });
    },
    SLOW_COMPILER_MS,
  );

  it('as suits the device: separate segments, and rows that see nothing', async () => {
    const { traits } = await testGpu();
    const layout = { heads: 2, kvHeads: 1, headDim: 16, ...segments(40, 5) };
    await check('segments', layout, { againstTensorflow: false, traits });
  });

  it.each([
    ['causal', 16, { ...causal(9) }],
    ['seen by all', 32, { ...bidirectional(5) }],
    ['more keys than queries', 32, { ...bidirectional(3, 130) }],
    ['packed', 16, { ...packed(11, [1, 5, 30, 20]) }],
    ['packed', 32, { ...packed(70, [40, 3]) }],
    ['packed', 64, { ...packed(9, [4, 6]) }],
  ] as const)(
    'by subgroups: %s, heads of %d',
    async (name, headDim, layout) => {
      const traits = await asDiscrete();
      expect(variantOf(traits, headDim).kernels.forward.shader).toBe('attention/subgroup');
      await check(name, { heads: 4, kvHeads: 2, headDim, ...layout }, { traits });
    },
    SLOW_COMPILER_MS,
  );

  it('by subgroups: separate segments, and rows that see nothing', async () => {
    const layout = { heads: 2, kvHeads: 1, headDim: 16, ...segments(40, 5) };
    await check('segments', layout, { againstTensorflow: false, traits: await asDiscrete() });
  });

  it('by subgroups: groups in one row, between which keys are passed over', async () => {
    const rows = followed(packed(5, [200]), packed(4, [3, 2]));
    const layout = { heads: 2, kvHeads: 1, headDim: 16, ...rows };
    await check('groups', layout, { againstTensorflow: false, traits: await asDiscrete() });
  });

  it('by subgroups: parts by the extents, as many as a binding holds', () => {
    const { partsOf } = variantOf({ ...PLAIN, lanes: 32, variants: { attention: 'subgroup' } }, 64);
    const parts = (tokens: number, kvHeads = 2, group = 7): number =>
      partsOf({ queries: tokens, keys: tokens, kvHeads, group });
    expect([parts(5), parts(40), parts(3024), parts(4845)]).toEqual([1, 4, 16, 11]);
    for (const tokens of [1500, 6000, 24_000]) {
      expect(4 * parts(tokens, 20, 1) * tokens * 20 * 64).toBeLessThanOrEqual(2 ** 27);
    }
  });

  it('by subgroups: the same bits every time', async () => {
    const gpu = await testGpu();
    const traits = await asDiscrete();
    const { spans, keySpans } = packed(70, [40, 30, 20]);
    const n = spans.length;
    const trained = (label: string, heads: number, seed: number): Tensor => ({
      ...gpu.upload('inputs', label, [n, 16 * heads], numbers(n * 16 * heads, seed)),
      grad: gpu.tensor('gradients', `d ${label}`, [n, 16 * heads]),
    });
    const inputs = [trained('q', 4, 1), trained('k', 2, 2), trained('v', 2, 3)] as const;
    const seed = gpu.upload('inputs', 'dy', [n, 64], numbers(n * 64, 4));
    const seen = gpu.upload('inputs', 'spans', [n, 4], Uint32Array.from(spans.flat()), 'u32');
    const seeing = gpu.upload('inputs', 'keySpans', [n, 2], Uint32Array.from(keySpans.flat()), 'u32');
    const options = { heads: 4, kvHeads: 2, headDim: 16, spans: seen, keySpans: seeing };
    expect(variantOf(traits, 16).partsOf({ queries: n, keys: n, kvHeads: 2, group: 2 })).toBeGreaterThan(1);
    const once = async (): Promise<Float32Array[]> => {
      for (const { grad } of inputs) gpu.write(grad!, new Float32Array(sizeOf(grad!.shape)));
      const outputs = await runOnce(
        gpu,
        'twice',
        (tape) => {
          const o = attention(tape, ...inputs, options);
          tape.backward([[o, seed]]);
          return [o];
        },
        traits,
      );
      return [...outputs, ...(await Promise.all(inputs.map(({ grad }) => gpu.read(grad!))))];
    };
    expect(await once()).toEqual(await once());
    for (const { grad } of inputs) gpu.free(grad!);
    gpu.free(...inputs, seed, seen, seeing);
  });

  it.each([
    ['by threads', 8],
    ['by subgroups', 16],
  ])('a cache with more rows than are used, and large scores, %s', async (_, headDim) => {
    const gpu = await testGpu();
    const traits = headDim === 16 ? await asDiscrete() : PLAIN;
    const layout = { heads: 2, kvHeads: 1, headDim, ...bidirectional(5, 70) };
    const q = numbers(5 * 2 * headDim, 1, 40);
    const [k, v] = [numbers(500 * headDim, 2, 4), numbers(500 * headDim, 3)];
    // What lies behind the rows in use may be anything.
    for (const x of [k, v]) x.fill(Number.NaN, 70 * headDim);
    const inputs: Record<'q' | 'k' | 'v', Tensor> = {
      q: gpu.upload('inputs', 'q', [5, 2 * headDim], q),
      k: gpu.upload('cache', 'k', [500, headDim], k),
      v: gpu.upload('cache', 'v', [500, headDim], v),
    };
    const spans = gpu.upload('inputs', 'spans', [5, 4], Uint32Array.from(layout.spans.flat()), 'u32');
    const [actual] = await runOnce(
      gpu,
      'cache',
      (tape) => [attention(tape, inputs.q, inputs.k, inputs.v, { heads: 2, kvHeads: 1, headDim, spans })],
      traits,
    );
    const used = (x: Float32Array): Float64Array => Float64Array.from(x.subarray(0, 70 * headDim));
    const expected = reference(Float64Array.from(q), used(k), used(v), layout);
    expect(relativeError(actual!, expected)).toBeLessThanOrEqual(1e-4);
    gpu.free(inputs.q, inputs.k, inputs.v, spans);
  });

  it('refuses head sizes and head counts it cannot run, and key gradients without key spans', async () => {
    const gpu = await testGpu();
    const x = gpu.tensor('inputs', 'x', [2, 12]);
    const grad = gpu.tensor('gradients', 'dx', [2, 12]);
    const spans = gpu.tensor('inputs', 'spans', [2, 4], 'u32');
    const run = (heads: number, kvHeads: number, headDim: number): Tensor =>
      attention(new Tape(), x, x, x, { heads, kvHeads, headDim, spans });
    expect(() => run(1, 1, 129)).toThrow(/head size 129/);
    expect(() => run(3, 2, 4)).toThrow(/3 query heads/);
    expect(() => run(2, 2, 4)).toThrow(/expected \[2, 8\]/);
    const tape = new Tape();
    const y = attention(tape, x, { ...x, grad }, x, { heads: 3, kvHeads: 3, headDim: 4, spans });
    expect(() => tape.backward([[y, x]])).toThrow(/keySpans/);
    gpu.free(x, grad, spans);
  });
});
