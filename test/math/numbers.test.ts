import { expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMetric,
  formatPercent,
} from '../../src/math/format.ts';
import {
  bf16ToF32,
  bf16ToNumber,
  f16ToF32,
  f16ToNumber,
  f32ToBf16,
  f32ToF16,
  numberToBf16,
  numberToF16,
  withinF16,
} from '../../src/math/half.ts';
import { rateOf, type Sample, withSample } from '../../src/math/rate.ts';
import { downsampleMinMax, emaSmooth } from '../../src/math/series.ts';
import { maximum, mean, median, minimum, quantile, sampleStd, scored } from '../../src/math/stats.ts';

test('mean, sample deviation, extremes', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(sampleStd([1, 0, 0, 0, 0, 0, 0, 0])).toBeCloseTo(0.353553, 6);
  expect(sampleStd([4])).toBeNaN();
  expect([minimum([3, -2, 5]), maximum([3, -2, 5])]).toEqual([-2, 5]);
  expect(scored([1, null, Number.NaN, 0])).toEqual([1, 0]);
});

test('quantile interpolates linearly', () => {
  expect(quantile([3, 1, 2, 4], 0.25)).toBeCloseTo(1.75, 12);
  expect(quantile([3, 1, 2, 4], 0.8)).toBeCloseTo(3.4, 12);
  expect([quantile([5, 1], 0), quantile([5, 1], 1), median([1, 2, 10])]).toEqual([1, 5, 2]);
  expect(quantile([1, Number.NaN], 0.5)).toBeNaN();
  expect(() => quantile([1], 1.5)).toThrow(/0 to 1/);
});

/** Bit patterns that do not come back from `widen` and `narrow`; a NaN may come back as any other. */
function strays(
  widen: (bits: number) => number,
  narrow: (value: number) => number,
  infinity: number,
): number[] {
  return Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => {
    const value = widen(bits);
    return Number.isNaN(value) ? (narrow(value) & 0x7fff) <= infinity : narrow(value) !== bits;
  });
}

test('every 16-bit float survives the way to a number and back', () => {
  expect(strays(f16ToNumber, numberToF16, 0x7c00)).toEqual([]);
  expect(strays(bf16ToNumber, numberToBf16, 0x7f80)).toEqual([]);
});

test('bfloat16 is within binary16 where no value becomes infinite', () => {
  const words = (...values: number[]) => f32ToBf16(Float32Array.of(0, ...values, 1));
  expect(withinF16(words(65280, -65280, 1e-40))).toBe(true);
  for (const value of [65536, -65536, 3e38, Infinity, Number.NaN])
    expect(withinF16(words(value))).toBe(false);
});

test('narrowing rounds to nearest, ties to even', () => {
  expect(f16ToNumber(numberToF16(1 + 2 ** -11))).toBe(1);
  expect(f16ToNumber(numberToF16(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
  expect(f16ToNumber(numberToF16(1 + 2 ** -11 + 2 ** -20))).toBe(1 + 2 ** -10);
  expect([65519, 65520, -1e9].map((x) => f16ToNumber(numberToF16(x)))).toEqual([65504, Infinity, -Infinity]);
  expect([2 ** -25, 3 * 2 ** -25, 2 ** -26].map((x) => f16ToNumber(numberToF16(x)))).toEqual([
    0,
    2 ** -23,
    0,
  ]);
  expect(bf16ToNumber(numberToBf16(1 + 2 ** -8))).toBe(1);
  expect(bf16ToNumber(numberToBf16(1 + 3 * 2 ** -8))).toBe(1 + 2 ** -6);
  const values = Float32Array.of(0, -1.5, 3.140625, 1e-3);
  expect([...bf16ToF32(f32ToBf16(values))].slice(0, 3)).toEqual([0, -1.5, 3.140625]);
  const odd = Float32Array.of(Number.NaN, 3.4e38, -3.4e38, 1 + 3 * 2 ** -8, 1e-40, -0, Infinity);
  expect([...f32ToBf16(odd.subarray(1))]).toEqual([...odd.subarray(1)].map(numberToBf16));
  expect(bf16ToF32(f32ToBf16(odd))[0]).toBeNaN();
  expect(f16ToF32(f32ToF16(values))[3]).toBeCloseTo(1e-3, 6);
});

test('smoothing is a bias-corrected average', () => {
  expect(emaSmooth([2, 2, 2], 0.9).map((y) => Number(y.toFixed(12)))).toEqual([2, 2, 2]);
  expect(emaSmooth([0, 1], 0.5)[1]).toBeCloseTo(2 / 3, 12);
  expect(emaSmooth([1, 5], 0)).toEqual([1, 5]);
  expect(emaSmooth([1, Number.NaN, 1], 0.5)[2]).toBeCloseTo(1, 12);
});

test('thinning a curve keeps its extremes and its ends', () => {
  const points = Array.from({ length: 10_000 }, (_, x) => ({
    x,
    y: x === 5432 ? 99 : x === 777 ? -99 : Math.sin(x),
  }));
  const thin = downsampleMinMax(points, 100);
  expect(thin.length).toBeLessThanOrEqual(202);
  expect(thin.map((p) => p.y)).toEqual(expect.arrayContaining([99, -99]));
  expect([thin[0], thin.at(-1)]).toEqual([points[0], points.at(-1)]);
  expect(thin.every((p, i) => i === 0 || p.x > thin[i - 1]!.x)).toBe(true);
  expect(downsampleMinMax(points.slice(0, 5), 100)).toEqual(points.slice(0, 5));
});

test('numbers as people read them', () => {
  expect([0, 1023, 1536, 2.75e9].map(formatBytes)).toEqual(['0 B', '1023 B', '1.50 KiB', '2.56 GiB']);
  expect([999, 151936, 494_032_768, 1_373_177_925].map(formatCount)).toEqual([
    '999',
    '152 k',
    '494 M',
    '1.37 B',
  ]);
  expect([0.85, 4.2, 185, 7620].map(formatDuration)).toEqual(['850 ms', '4.2 s', '3 min 05 s', '2 h 07 min']);
  expect([0.123456, 1e-6, 12345678, 0].map((x) => formatMetric(x))).toEqual([
    '0.1235',
    '1.00e-6',
    '1.23e7',
    '0',
  ]);
  expect([null, Number.NaN, Infinity].map((x) => formatMetric(x))).toEqual(['–', '–', '∞']);
  expect(formatPercent(0.6583)).toBe('65.8 %');
});

test('a rate is that of the latest seconds, and begins anew with the work', () => {
  const after = (...pairs: [atMs: number, done: number][]) =>
    pairs.reduce<readonly Sample[]>((samples, [atMs, done]) => withSample(samples, { atMs, done }), []);
  expect(rateOf([])).toBeUndefined();
  expect(rateOf(after([0, 0], [400, 100]))).toBeUndefined();
  expect(rateOf(after([0, 0], [1000, 100], [2000, 300]))).toBe(150);
  // Ten seconds of 100 a second, then ten of 10: what lies longer back than the window does not count.
  const slower = Array.from({ length: 21 }, (_, i): [number, number] => [
    i * 1000,
    i <= 10 ? i * 100 : 1000 + (i - 10) * 10,
  ]);
  expect(rateOf(after(...slower))).toBeCloseTo(10, 6);
  // Slow work: two reports, half a minute apart.
  expect(rateOf(after([0, 0], [30_000, 60]))).toBe(2);
  expect(rateOf(after([0, 500], [5000, 900], [6000, 0], [8000, 20]))).toBe(10);
});
