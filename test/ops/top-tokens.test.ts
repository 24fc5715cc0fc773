import { describe, expect, it } from 'vitest';
import { composeShader } from '../../src/gpu/shaders.ts';
import { headLogProbs, NO_TARGET } from '../../src/ops/tokens/head.ts';
import { likeliestOf, TOP_COUNT, TopTokens } from '../../src/ops/tokens/top-tokens.ts';
import { numbers, runOnce, testGpu } from './harness.ts';

interface Sizes {
  readonly rows: number;
  readonly d: number;
  /** Vocabulary rows of the shards. */
  readonly shards: readonly number[];
}

const TEMPERATURE = 0.8;

/** In float64: the largest logits by falling value, of equal ones by rising id, and their log-probabilities. */
function reference(hidden: Float64Array, weights: readonly Float64Array[], row: number, d: number) {
  const all = weights.flatMap((weight) =>
    Array.from({ length: weight.length / d }, (_, v) => {
      let z = 0;
      for (let c = 0; c < d; c++) z += hidden[row * d + c]! * weight[v * d + c]!;
      return z / TEMPERATURE;
    }),
  );
  const most = Math.max(...all);
  const lse = most + Math.log(all.reduce((sum, value) => sum + Math.exp(value - most), 0));
  const order = [...all.keys()].sort((a, b) => all[b]! - all[a]! || a - b).slice(0, TOP_COUNT);
  return order.map((id) => ({ id, logProb: all[id]! - lse }));
}

/** Weights in steps of 1/8, so that logits are exact and some are the same. */
const made = (count: number, seed: number): Float64Array =>
  Float64Array.from(numbers(count, seed), (value) => Math.round(value * 8) / 8);

async function likeliest({ rows, d, shards }: Sizes, tileBytes: number) {
  const gpu = await testGpu();
  const hidden = made(rows * d, 1);
  const weights = shards.map((extent, at) => made(extent * d, 2 + at));
  const upload = (label: string, shape: readonly number[], data: Float64Array) =>
    gpu.upload('inputs', label, shape, Float32Array.from(data));
  const x = upload('hidden', [rows, d], hidden);
  const w = weights.map((weight, at) => upload(`shard ${at}`, [shards[at]!, d], weight));
  const targets = gpu.upload('inputs', 'targets', [rows], new Uint32Array(rows).fill(NO_TARGET), 'u32');
  const factor = gpu.upload('inputs', 'factor', [1], Float32Array.of(1 / TEMPERATURE));
  const [tops, state] = await runOnce(gpu, 'top tokens', (tape) => {
    const top = new TopTokens(tape.recorder, rows);
    const eachTile = top.take.bind(top);
    const head = tape.constant(() => headLogProbs(tape, x, w, targets, factor, { tileBytes, eachTile }));
    return [top.tops, head.state];
  });
  gpu.free(x, ...w, targets, factor);
  const found = likeliestOf(new Uint32Array(tops!.buffer), state!, rows, TEMPERATURE);
  return { ...found, expected: (row: number) => reference(hidden, weights, row, d) };
}

describe('the likeliest tokens', () => {
  for (const sizes of [
    { rows: 1, d: 4, shards: [1000] },
    { rows: 7, d: 3, shards: [300, 129] },
    { rows: 65, d: 5, shards: [63, 64, 65] },
  ]) {
    it(`are those of float64, over tiles and shards: ${JSON.stringify(sizes)}`, async () => {
      for (const tileBytes of [1, 32 * 2 ** 20]) {
        const { ids, logProbs, expected } = await likeliest(sizes, tileBytes);
        for (let row = 0; row < sizes.rows; row++) {
          const own = expected(row);
          const part = <T extends ArrayLike<number>>(values: T) =>
            Array.from(values).slice(row * TOP_COUNT, (row + 1) * TOP_COUNT);
          expect(part(ids)).toEqual(own.map(({ id }) => id));
          part(logProbs).forEach((value, rank) => {
            expect(Math.abs(value - own[rank]!.logProb)).toBeLessThan(1e-5);
          });
        }
      }
    });
  }

  it('of a vocabulary of three are three', async () => {
    const { ids, logProbs, expected } = await likeliest({ rows: 2, d: 2, shards: [1, 2] }, 1);
    for (const row of [0, 1]) {
      expect(expected(row)).toHaveLength(3);
      const at = row * TOP_COUNT;
      expect([...ids.subarray(at, at + 3)]).toEqual(expected(row).map(({ id }) => id));
      expect([...logProbs.subarray(at + 3, at + TOP_COUNT)]).toEqual([-Infinity, -Infinity]);
      expect([...logProbs.subarray(at, at + 3)].every(Number.isFinite)).toBe(true);
    }
  });

  it('are as many as the shader says', () => {
    expect(composeShader('top_tokens', {}).code).toContain(`const COUNT = ${TOP_COUNT}u;`);
  });
});
