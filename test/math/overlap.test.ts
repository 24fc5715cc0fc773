import { describe, expect, it } from 'vitest';
import {
  editDistance,
  longestCommon,
  meanRelativeAccuracy,
  rougeL,
  setF1,
  spanIou,
  wordErrorRate,
} from '../../src/math/overlap.ts';
import { uniform } from '../../src/math/random.ts';
import { plainEdits, plainF, plainLongestCommon } from '../reference/overlap.ts';

const split = (text: string) => text.split(' ');

describe('ROUGE-L', () => {
  it('is what the README of rouge_score prints for its example', () => {
    const gold = split('the quick brown fox jumps over the lazy dog');
    const said = split('the quick brown dog jumps on the log');
    // rougeL: Score(precision=0.625, recall=0.5555555555555556, fmeasure=0.5882352941176471)
    expect(rougeL(gold, said)).toBeCloseTo(0.5882352941176471, 15);
  });

  it.each([
    ['police killed the gunman', 'police kill the gunman', 3 / 4],
    // Lin's second candidate: "the gunman" alone is in order.
    ['police killed the gunman', 'the gunman kill police', 2 / 4],
    ['a b c', 'a b c', 1],
    ['a b c', 'd', 0],
    ['a b c d', 'a c', (2 * 1 * 0.5) / 1.5],
  ])('of %j and %j', (gold, said, expected) => {
    expect(rougeL(split(gold), split(said))).toBeCloseTo(expected, 15);
  });

  it('of nothing is 0', () => {
    expect([rougeL([], []), rougeL(['a'], []), rougeL([], ['a'])]).toEqual([0, 0, 0]);
  });
});

describe('word error rate', () => {
  it.each([
    // The README of jiwer.
    ['hello world', 'hello duck', 0.5],
    ['the cat sat', 'the cat sat', 0],
    ['the cat sat', 'cat sat down', 2 / 3],
    ['yes', 'yes it is so', 3],
  ])('of %j and %j', (gold, said, expected) => {
    expect(wordErrorRate(split(gold), split(said))).toBeCloseTo(expected, 15);
  });

  it('counts at least one word of truth', () => {
    expect([wordErrorRate([], ['a', 'b']), wordErrorRate(['a'], [])]).toEqual([2, 1]);
  });
});

it('agrees with trying everything, on random lists of few words', () => {
  const list = (seed: number, part: number) =>
    Array.from({ length: Math.floor(uniform(seed, part, 99) * 8) }, (_, i) =>
      String(Math.floor(uniform(seed, part, i) * 4)),
    );
  for (let seed = 0; seed < 300; seed++) {
    const [a, b] = [list(seed, 0), list(seed, 1)];
    const common = plainLongestCommon(a, b);
    expect([longestCommon(a, b), editDistance(a, b)]).toEqual([common, plainEdits(a, b)]);
    expect(longestCommon(b, a)).toBe(common);
    expect(rougeL(a, b)).toBeCloseTo(plainF(common, a.length, b.length), 12);
    expect(wordErrorRate(a, b)).toBeCloseTo(plainEdits(a, b) / Math.max(1, a.length), 12);
  }
});

it.each([
  [['happy', 'sad'], ['sad', 'happy'], 1],
  [['happy', 'sad'], ['happy'], 2 / 3],
  [['happy', 'sad', 'calm'], ['happy', 'angry'], 0.4],
  [['happy'], ['happy', 'happy'], 1],
  [['happy'], [], 0],
])('F1 of the sets %j and %j', (gold, said, expected) => {
  expect(setF1(gold, said)).toBeCloseTo(expected, 15);
});

it.each([
  [[0, 10], [5, 15], 1 / 3],
  [[2, 4], [2, 4], 1],
  [[0, 1], [2, 3], 0],
  [[0, 8], [2, 4], 0.25],
  [[3, 3], [3, 3], 1],
  [[3, 3], [4, 4], 0],
] as const)('IoU of the spans %j and %j', (gold, said, expected) => {
  expect(spanIou(gold, said)).toBeCloseTo(expected, 15);
});

it.each([
  // Relative error 0, 0.12, just below 0.5 (for the 1e-8), and 2: below 1 - t for t up to 0.95, 0.85, 0.5, none.
  [100, 100, 1],
  [100, 112, 0.8],
  [100, 150, 0.1],
  [100, 151, 0],
  [100, 300, 0],
  [-10, -9, 0.9],
  [0, 0, 1],
  [0, 1, 0],
])('mean relative accuracy of %d by %d', (gold, said, expected) => {
  expect(meanRelativeAccuracy(gold, said)).toBe(expected);
});
