import { describe, expect, it } from 'vitest';
import { freeRopeTable, ropeTable } from '../../src/ops/attention/rope.ts';
import { advanceRows, decodeAttention, rowAngles } from '../../src/ops/decode/decode-attention.ts';
import type { DecodeVariant } from '../../src/ops/decode/gemv.ts';
import { BY_THREADS, numbers, relativeError, runOnce, sharingVariants, testGpu } from './harness.ts';

const THETA = 1e4;

interface Shape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

type Span = readonly [number, number, number, number];

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Half-split rotary turn of one head in float64. */
function turned(x: readonly number[], position: number): number[] {
  const half = x.length / 2;
  return x.map((value, i) => {
    const angle = position * THETA ** ((-2 * (i % half)) / x.length);
    const other = i < half ? -x[i + half]! : x[i - half]!;
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

function softmaxSum(q: readonly number[], keys: readonly number[][], values: readonly number[][]): number[] {
  const scores = keys.map(
    (key) => key.reduce((sum, value, c) => sum + value * q[c]!, 0) / Math.sqrt(q.length),
  );
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const total = weights.reduce((a, b) => a + b, 0);
  return q.map((_, c) => values.reduce((sum, value, n) => sum + (weights[n]! / total) * value[c]!, 0));
}

/** Checks attention's result and what it wrote, for rows that see the given slots at the given positions, in every way. */
async function check(
  shape: Shape,
  spans: readonly Span[],
  positions: readonly number[],
  slots: number,
  biased = true,
) {
  const ways = [BY_THREADS, ...sharingVariants(await testGpu())];
  for (const variant of ways) await checkKernel(shape, spans, positions, slots, { variant, biased });
}

async function checkKernel(
  shape: Shape,
  spans: readonly Span[],
  positions: readonly number[],
  slots: number,
  { variant, biased }: { readonly variant: DecodeVariant; readonly biased: boolean },
) {
  const gpu = await testGpu();
  const { heads, kvHeads, headDim } = shape;
  const [rows, width, kv] = [spans.length, (heads + 2 * kvHeads) * headDim, kvHeads * headDim];
  const [data, bias] = [numbers(rows * width, 1, 3), biased ? numbers(kv, 2) : new Float32Array(kv)];
  const [oldKeys, oldValues] = [numbers(slots * kv, 3, 3), numbers(slots * kv, 4)];
  const table = ropeTable(gpu, headDim, THETA, 100);
  const u32 = (label: string, extents: number[], values: readonly number[]) =>
    gpu.upload('inputs', label, extents, Uint32Array.from(values), 'u32');
  const step = {
    positions: u32('positions', [rows], positions),
    spans: u32('spans', [rows, 4], spans.flat()),
  };
  const keys = gpu.upload('cache', 'keys', [slots, kv], oldKeys);
  const values = gpu.upload('cache', 'values', [slots, kv], oldValues);
  const [out] = await runOnce(gpu, 'decode attention', ({ recorder }) => {
    const qkv = gpu.upload('inputs', 'qkv', [rows, width], data);
    const valueBias = biased ? gpu.upload('inputs', 'bias', [kv], bias) : undefined;
    const angles = rowAngles(recorder, step, table);
    const inputs = { qkv, valueBias, angles, spans: step.spans, keys, values };
    return [decodeAttention(recorder, inputs, shape, variant)];
  });
  const headOf = (all: ArrayLike<number>, at: number): number[] =>
    range(at * headDim, (at + 1) * headDim).map((i) => all[i]!);
  const [expectedKeys, expectedValues] = [[...oldKeys], [...oldValues]];
  const put = (all: number[], at: number, head: number[]): void => {
    all.splice(at * headDim, headDim, ...head);
  };
  spans.forEach((span, r) => {
    for (const h of range(0, kvHeads)) {
      const at = r * (heads + 2 * kvHeads) + heads + h;
      put(expectedKeys, (span[3] - 1) * kvHeads + h, turned(headOf(data, at), positions[r]!));
      const value = headOf(data, at + kvHeads).map((v, c) => v + bias[h * headDim + c]!);
      put(expectedValues, (span[3] - 1) * kvHeads + h, value);
    }
  });
  const expected = spans.flatMap(([a, b, c, d], r) =>
    range(0, heads).flatMap((h) => {
      const query = turned(headOf(data, r * (heads + 2 * kvHeads) + h), positions[r]!);
      const kvHead = Math.floor(h / (heads / kvHeads));
      const seen = [...range(a, b), ...range(c, d)].map((slot) => slot * kvHeads + kvHead);
      return softmaxSum(
        query,
        seen.map((at) => headOf(expectedKeys, at)),
        seen.map((at) => headOf(expectedValues, at)),
      );
    }),
  );
  expect(relativeError(out!, expected)).toBeLessThan(1e-5);
  expect(relativeError(await gpu.read(keys), expectedKeys)).toBeLessThan(1e-6);
  expect(relativeError(await gpu.read(values), expectedValues)).toBeLessThan(1e-6);
  freeRopeTable(gpu, table);
}

describe('attention of a decode step', () => {
  it.each([
    [{ heads: 1, kvHeads: 1, headDim: 8 }, 1],
    [{ heads: 4, kvHeads: 2, headDim: 16 }, 3],
    [{ heads: 7, kvHeads: 1, headDim: 64 }, 8],
    [{ heads: 6, kvHeads: 2, headDim: 24 }, 13],
    [{ heads: 3, kvHeads: 3, headDim: 32 }, 2],
  ])('%o over a prompt and own tokens, %i rows', (shape, rows) =>
    check(
      shape,
      range(0, rows).map((r) => [0, 11, 11 + 5 * r, 12 + 5 * r + (r % 5)]),
      range(0, rows).map((r) => 11 + (r % 5)),
      11 + 5 * rows,
    ),
  );

  it('takes values without a bias', () =>
    check(
      { heads: 4, kvHeads: 2, headDim: 16 },
      [
        [0, 3, 5, 6],
        [0, 3, 6, 8],
      ],
      [3, 4],
      8,
      false,
    ));

  it('goes through more keys than one chunk, and sees only its own prompt', () =>
    check(
      { heads: 2, kvHeads: 1, headDim: 16 },
      [
        [0, 1023, 1200, 1201],
        [1023, 1100, 1201, 1204],
        [0, 1100, 1204, 1300],
      ],
      [99, 3, 7],
      1300,
    ));

  it('moves every row that goes on one token on', async () => {
    const gpu = await testGpu();
    const positions = gpu.upload('inputs', 'positions', [3], Uint32Array.of(4, 5, 6), 'u32');
    const spans = gpu.upload('inputs', 'spans', [3, 4], new Uint32Array(12).fill(9), 'u32');
    const ended = gpu.upload('inputs', 'ended', [3], Uint32Array.of(0, 2, 0), 'u32');
    await runOnce(gpu, 'advance', ({ recorder }) => {
      advanceRows(recorder, { positions, spans }, ended);
      return [];
    });
    expect([...(await gpu.readU32(positions))]).toEqual([5, 5, 7]);
    expect([...(await gpu.readU32(spans))]).toEqual([9, 9, 9, 10, 9, 9, 9, 9, 9, 9, 9, 10]);
  });
});
