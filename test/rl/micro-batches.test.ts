import { describe, expect, it } from 'vitest';
import { LOSS_DEFAULTS } from '../../src/protocol/loss-config.ts';
import { dealGroups, packPasses } from '../../src/rl/update/micro-batches.ts';
import { toyGroup } from '../reference/omni-tiny.ts';
import { RandomStream } from '../reference/random-stream.ts';

const ROOM = { largest: { tokens: 60, predictions: 40 }, prompts: 4 };

describe('passes', () => {
  it('hold every group once, never more than there is room for, and are few', () => {
    const random = new RandomStream(5);
    for (let trial = 0; trial < 200; trial++) {
      const sizes = Array.from({ length: 1 + random.below(12) }, () => {
        const predictions = 1 + random.below(30);
        return { tokens: predictions + random.below(30), predictions };
      });
      const passes = packPasses(sizes, ROOM);
      expect(passes.flat().sort((a, b) => a - b)).toEqual([...sizes.keys()]);
      const total = (indices: readonly number[], of: 'tokens' | 'predictions') =>
        indices.reduce((sum, index) => sum + sizes[index]![of], 0);
      for (const indices of passes) {
        expect(indices.length).toBeLessThanOrEqual(4);
        expect(total(indices, 'tokens')).toBeLessThanOrEqual(60);
        expect(total(indices, 'predictions')).toBeLessThanOrEqual(40);
        expect(indices).toEqual([...indices].sort((a, b) => a - b));
      }
      // No pass could have been put into another.
      for (const [i, one] of passes.entries()) {
        for (const other of passes.slice(i + 1)) {
          const both = [...one, ...other];
          const fit = both.length <= 4 && total(both, 'tokens') <= 60 && total(both, 'predictions') <= 40;
          expect(fit).toBe(false);
        }
      }
    }
  });

  it('hold short groups together, in the order of the step', () => {
    const sizes = [50, 10, 20, 50, 10, 20].map((tokens) => ({ tokens, predictions: 5 }));
    expect(packPasses(sizes, ROOM)).toEqual([
      [0, 1],
      [2, 5],
      [3, 4],
    ]);
  });

  it('hold a group above all room by itself', () => {
    const sizes = [10, 70].map((tokens) => ({ tokens, predictions: 5 }));
    expect(packPasses(sizes, ROOM)).toEqual([[0], [1]]);
  });
});

describe('what goes through a pass', () => {
  const groups = [toyGroup(1, [5, 3]), toyGroup(2, [4, 6]), toyGroup(3, [2, 7])];
  const room = { largest: { tokens: 500, predictions: 500 }, prompts: 3 };
  const dealt = (changes: readonly object[], objective: Parameters<typeof dealGroups>[1] = LOSS_DEFAULTS) => {
    const { passes, extent, tokensInBatch } = dealGroups(
      groups.map((group, index) => ({ ...group, ...changes[index] })),
      objective,
      room,
    );
    const held = passes.map((pass) => pass.map(({ index, kept }) => [index, ...kept]));
    return { held, extent, tokensInBatch, shares: passes.flat().flatMap(({ shares }) => shares) };
  };

  it('is everything that has a gradient; divisors are those of the whole step', () => {
    const silent = { advantages: [0, 0] };
    const masked = { trained: [true, false] };
    const { held, extent, tokensInBatch, shares } = dealt([masked, silent]);
    expect(held).toEqual([
      [
        [0, 0],
        [2, 0, 1],
      ],
    ]);
    expect(extent).toEqual({ tokens: 5 + 2 + 7, rows: 3 });
    expect(tokensInBatch).toBe(5 + 10 + 9);
    expect(shares.map(({ weight }) => weight)).toEqual([1 / 24, 1 / 24, 1 / 24]);
    const grpo = dealt([masked, silent], { ...LOSS_DEFAULTS, lossType: 'grpo' });
    expect(grpo.shares.map(({ weight }) => weight)).toEqual([1 / (5 * 6), 1 / (2 * 6), 1 / (7 * 6)]);
  });

  it('includes groups without advantage where something else has a gradient, and never what is masked', () => {
    const silent = { advantages: [0, 0], trained: [true, false] };
    const masked = { trained: [false, false] };
    for (const objective of [{ beta: 0.1 }, { entropyCoef: 0.1 }]) {
      const { held } = dealt([silent, masked], { ...LOSS_DEFAULTS, ...objective });
      expect(held).toEqual([
        [
          [0, 0],
          [2, 0, 1],
        ],
      ]);
    }
    expect(dealt([{ advantages: [0, 0] }], 'nll').held).toEqual([
      [
        [0, 0, 1],
        [1, 0, 1],
        [2, 0, 1],
      ],
    ]);
    expect(dealt([{ advantages: [Number.NaN, 0] }, masked, masked]).held).toEqual([[[0, 0, 1]]]);
  });

  it('goes group by group where a quantile is taken over each', () => {
    const { held } = dealt([], { ...LOSS_DEFAULTS, topEntropyQuantile: 0.2 });
    expect(held).toEqual([[[0, 0, 1]], [[1, 0, 1]], [[2, 0, 1]]]);
  });
});
