import { describe, expect, it } from 'vitest';
import { majorityVote, passAtK, passLadder } from '../../src/math/several-answers.ts';

/** The share of all k-subsets of n answers, the first `correct` of them right, that hold a right one. */
function shareOfSubsets(n: number, correct: number, k: number): number {
  let [subsets, hits] = [0, 0];
  for (let mask = 0; mask < 1 << n; mask++) {
    const members = Array.from({ length: n }, (_, i) => i).filter((i) => mask & (1 << i));
    if (members.length !== k) continue;
    subsets++;
    if (members.some((i) => i < correct)) hits++;
  }
  return hits / subsets;
}

describe('passAtK', () => {
  it('is the share of k-subsets with a right answer, for every n up to 7', () => {
    for (let n = 1; n <= 7; n++) {
      for (let correct = 0; correct <= n; correct++) {
        for (let k = 1; k <= n; k++) {
          const where = `n ${n}, correct ${correct}, k ${k}`;
          expect(passAtK(n, correct, k), where).toBeCloseTo(shareOfSubsets(n, correct, k), 12);
        }
      }
    }
  });

  it('is the share correct for k = 1, and whether any is for k = n', () => {
    expect(passAtK(64, 16, 1)).toBeCloseTo(0.25, 12);
    expect([passAtK(8, 0, 8), passAtK(8, 1, 8)]).toEqual([0, 1]);
    expect(passAtK(10, 3, 2)).toBeCloseTo(1 - 21 / 45, 12);
  });

  it.each([
    [4, 2, 5],
    [4, 2, 0],
    [4, 5, 2],
    [4, Number.NaN, 2],
  ])('refuses n %d, correct %d, k %d', (n, correct, k) => {
    expect(() => passAtK(n, correct, k)).toThrow(RangeError);
  });

  it('is given for powers of two and for all', () => {
    expect([1, 2, 6, 8].map(passLadder)).toEqual([[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]);
  });
});

describe('majorityVote', () => {
  it.each([
    [['a', 'b', 'b'], 'b'],
    [['b', 'a', 'a', 'b'], 'b'],
    [['a', 'b', 'b', 'a'], 'a'],
    [[null, null, 'c'], 'c'],
    [[null, null], null],
    [[], null],
  ])('of %j is %j', (votes, winner) => {
    expect(majorityVote(votes)).toBe(winner);
  });
});
