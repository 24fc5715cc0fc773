import { expect, it } from 'vitest';
import { expectedSignal } from '../../src/math/signal.ts';

it('of rewards that are 0 or 1 it is 1 − p^G − (1 − p)^G', () => {
  for (const right of [0, 1, 3, 5, 8]) {
    const totals = Array.from({ length: 8 }, (_, at) => (at < right ? 1 : 0));
    const p = right / 8;
    for (const size of [2, 8, 32])
      expect(Math.abs(expectedSignal([totals], size) - (1 - p ** size - (1 - p) ** size))).toBeLessThan(
        1e-12,
      );
  }
});

it('is the share of groups that differ when they are drawn', () => {
  // Three values of chances 1/2, 1/4, 1/4; all pairs that can be drawn are counted.
  const totals = [0, 0, 0.5, 2];
  const pairs = totals.flatMap((one) => totals.map((other) => one !== other));
  expect(expectedSignal([totals], 2)).toBeCloseTo(pairs.filter(Boolean).length / pairs.length, 12);
  const triples = totals.flatMap((a) =>
    totals.flatMap((b) => totals.map((c) => new Set([a, b, c]).size > 1)),
  );
  expect(expectedSignal([totals], 3)).toBeCloseTo(triples.filter(Boolean).length / triples.length, 12);
});

it('is a mean over prompts; one that was not scored is in none', () => {
  expect(
    expectedSignal(
      [
        [0, 1],
        [1, 1],
        [Number.NaN, 1],
      ],
      2,
    ),
  ).toBeCloseTo(0.25, 12);
  expect(expectedSignal([[Number.NaN, Number.NaN]], 2)).toBeNaN();
});
