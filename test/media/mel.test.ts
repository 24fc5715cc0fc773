import { expect, it } from 'vitest';
import { dftBases, foldedFrames, melFilterBank } from '../../src/media/mel.ts';

it('the bank of 128 has the published weights', () => {
  const bank = melFilterBank(128);
  const at = (filter: number, bin: number) => bank[bin * 128 + filter]!;
  expect(bank.filter((w) => w !== 0).length).toBe(394);
  expect(bank.reduce((a, b) => a + b, 0)).toBeCloseTo(3.1909855, 6);
  expect(at(0, 1)).toBeCloseTo(0.0123739863, 9);
  expect(at(60, 38)).toBeCloseTo(0.0034435925, 9);
  expect(at(60, 39)).toBeCloseTo(0.0212245533, 9);
  expect(at(127, 195)).toBeCloseTo(0.0050416017, 9);
  const bins = (filter: number) =>
    Array.from({ length: 201 }, (_, bin) => bin).filter((bin) => at(filter, bin) > 0);
  expect([0, 14, 60, 127].map(bins)).toEqual([
    [1],
    [9],
    [38, 39],
    [191, 192, 193, 194, 195, 196, 197, 198, 199],
  ]);
  // 440 Hz is exactly bin 11.
  expect(Array.from({ length: 128 }, (_, m) => m).filter((m) => at(m, 11) > 0)).toEqual([17, 18]);
});

it('folded frames times the bases are the windowed Fourier transform, with reflected ends', () => {
  const signal = Float32Array.from({ length: 800 }, (_, n) => Math.sin(0.37 * n) + 0.1 * ((n * 7) % 11));
  const { even, odd } = foldedFrames(signal, 5, 800);
  const { cos, sin } = dftBases(400);
  const sample = (i: number) => signal[i < 0 ? -i : i > 799 ? 1598 - i : i]!;
  for (const t of [0, 2, 4]) {
    for (const k of [0, 1, 17, 199, 200]) {
      let [re, im, wantRe, wantIm] = [0, 0, 0, 0];
      for (let n = 0; n <= 200; n++) re += even[t * 201 + n]! * cos[n * 201 + k]!;
      for (let n = 0; n < 199; n++) im += odd[t * 199 + n]! * sin[n * 201 + k]!;
      for (let n = 0; n < 400; n++) {
        const x = sample(t * 160 - 200 + n) * (0.5 - 0.5 * Math.cos((Math.PI * n) / 200));
        wantRe += x * Math.cos((2 * Math.PI * n * k) / 400);
        wantIm += x * Math.sin((2 * Math.PI * n * k) / 400);
      }
      expect(re).toBeCloseTo(wantRe, 4);
      expect(im).toBeCloseTo(wantIm, 4);
    }
  }
});
