import { expect, it } from 'vitest';
import { histogram, isIn } from '../../src/math/histogram.ts';

it('few distinct values have a bin each, from low to high', () => {
  expect(histogram([2, 0, 0, 1.5, 2, 2])).toEqual([
    { low: 0, high: 0, isClosed: true, count: 2 },
    { low: 1.5, high: 1.5, isClosed: true, count: 1 },
    { low: 2, high: 2, isClosed: true, count: 3 },
  ]);
});

it('many have ten bins of equal width, and every value is in exactly one', () => {
  const values = Array.from({ length: 97 }, (_, i) => -1.3 + Math.sqrt(i) / 3);
  const bins = histogram(values);
  expect(bins).toHaveLength(10);
  expect([bins[0]!.low, bins[9]!.high]).toEqual([Math.min(...values), Math.max(...values)]);
  for (const value of values) expect(bins.filter((bin) => isIn(bin, value))).toHaveLength(1);
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(97);
  const widths = bins.map(({ low, high }) => high - low);
  for (const width of widths) expect(width).toBeCloseTo(widths[0]!, 12);
});

it('what is not finite is in none', () => {
  expect(histogram([Number.NaN, Number.POSITIVE_INFINITY])).toEqual([]);
  expect(histogram([Number.NaN, 1])).toEqual([{ low: 1, high: 1, isClosed: true, count: 1 }]);
});
