import { describe, expect, it } from 'vitest';
import type { Qwen2Config } from '../../src/decoder/qwen2.ts';
import { layoutGroups, packRows } from '../../src/decoder/rows.ts';
import { LORA_LINEARS } from '../../src/io/formats/peft.ts';
import {
  adapterWeights,
  type CostShape,
  type GroupTokens,
  linearWeights,
  packedPairs,
  packedTokens,
  passBytes,
  passCost,
  passFlops,
  rolloutBytes,
  rolloutCost,
  rolloutFlops,
} from '../../src/rl/measure/cost-model.ts';

/** Qwen2.5-0.5B. */
const REAL = {
  hiddenSize: 896,
  intermediateSize: 4864,
  layers: 24,
  heads: 14,
  kvHeads: 2,
  headDim: 64,
  vocabSize: 151_936,
} as Qwen2Config;
const FROZEN: CostShape = { decoder: REAL, weightBytes: 2, trainsDecoder: false };
const GROUPS: readonly GroupTokens[] = [
  { prompt: 9, completions: [4, 1, 6] },
  { prompt: 5, completions: [2, 3] },
];
const GROUP: GroupTokens = { prompt: 976, completions: Array(8).fill(256) };

describe('sizes', () => {
  it('are those of the published model', () => {
    // 494,032,768 parameters with the tied embedding, norms and biases of q, k and v.
    const vectors = 24 * (2 * 896 + 896 + 128 + 128) + 896;
    expect(linearWeights(REAL)).toBe(494_032_768 - 151_936 * 896 - vectors);
    // PEFT prints 8,798,208 for rank 16 on all seven.
    expect(adapterWeights({ ...FROZEN, lora: { rank: 16, targets: LORA_LINEARS } })).toBe(8_798_208);
    expect(adapterWeights(FROZEN)).toBe(0);
  });

  it('count the tokens and pairs of a packed row as the kernels see them', () => {
    for (const group of GROUPS) {
      const fed = group.completions.map((length) => length - 1);
      const layout = layoutGroups([{ promptLength: group.prompt, completionLengths: fed }]);
      const { spans, length } = packRows(layout, 40);
      let pairs = 0;
      for (let at = 0; at < spans.length; at += 2) pairs += spans[at + 1]! - spans[at]!;
      expect(packedPairs(group)).toBe(pairs);
      expect(packedTokens(group)).toBe(length);
    }
  });
});

describe('a training pass', () => {
  it('multiplies each token with each weight: twice in the backward where the weights train', () => {
    const { reference, forward, backward } = passCost(FROZEN, GROUPS, { reference: true });
    const products = 2 * 25 * linearWeights(REAL) + 2 * 16 * 151_936 * 896;
    const attention = 4 * 24 * 896 * (packedPairs(GROUPS[0]!) + packedPairs(GROUPS[1]!));
    expect(packedTokens(GROUPS[0]!) + packedTokens(GROUPS[1]!)).toBe(25);
    expect(forward.flops).toBe(products + attention);
    expect(reference.flops).toBe(forward.flops);
    expect(backward.flops - forward.flops).toBe(attention);
    const full = passCost({ ...FROZEN, trainsDecoder: true }, GROUPS, { reference: false });
    expect(full.backward.flops - backward.flops).toBe(forward.flops - attention);
    expect(full.reference).toEqual({ flops: 0, bytes: 0 });
  });

  it('is the sum of its parts, and grows by the adapters', () => {
    const lora = { rank: 16, targets: LORA_LINEARS };
    const options = { reference: false };
    const more = passFlops({ ...FROZEN, lora }, GROUPS, options) - passFlops(FROZEN, GROUPS, options);
    expect(more).toBe(3 * 2 * 25 * 8_798_208);
    const bytes = Object.values(passCost(FROZEN, GROUPS, options)).map((cost) => cost.bytes);
    expect(passBytes(FROZEN, GROUPS, options)).toBe(bytes[0]! + bytes[1]! + bytes[2]!);
  });

  it('costs as much as six operations a weight and token at most, where attention is small', () => {
    const flops = passFlops({ ...FROZEN, trainsDecoder: true }, [GROUP], { reference: false });
    const linears = 6 * packedTokens(GROUP) * linearWeights(REAL);
    const head = 6 * 8 * 256 * 151_936 * 896;
    expect(flops / (linears + head)).toBeGreaterThan(1);
    expect(flops / (linears + head)).toBeLessThan(1.2);
  });
});

describe('a rollout', () => {
  it('feeds every token but the last sampled one of a prompt and its completions', () => {
    const { prefill, decode } = rolloutCost(FROZEN, GROUPS, { rows: 5 });
    const token = 2 * linearWeights(REAL);
    const pair = 4 * 24 * 896;
    // 8 and 4 tokens are read; 16 are sampled, each with the head.
    expect(prefill.flops).toBe(12 * token + (36 + 10) * pair);
    const seen = [4, 1, 6]
      .map((n) => 8 * n + (n * (n + 1)) / 2)
      .concat([2, 3].map((n) => 4 * n + (n * (n + 1)) / 2));
    const pairs = seen.reduce((total, count) => total + count, 0);
    expect(decode.flops).toBe(16 * (token + 2 * 151_936 * 896) + pairs * pair);
    expect(rolloutFlops(FROZEN, GROUPS, { rows: 5 })).toBe(prefill.flops + decode.flops);
  });

  it('reads the weights once for all rows that decode together', () => {
    const weights = 2 * (linearWeights(REAL) + 151_936 * 896);
    const together = rolloutBytes(FROZEN, [GROUP], { rows: 8 });
    const apart = rolloutBytes(FROZEN, [GROUP], { rows: 1 });
    expect(apart - together).toBe((8 * 256 - 256) * weights);
    expect(rolloutBytes({ ...FROZEN, weightBytes: 1 }, [GROUP], { rows: 8 })).toBeLessThan(together);
  });
});
