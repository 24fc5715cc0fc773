import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import { bf16ToF32, f32ToBf16 } from '../../src/math/half.ts';
import { groupWords, quantise, type WeightBits } from '../../src/math/quantise.ts';
import { numbers } from '../ops/harness.ts';
import { blocksOf, dequantised, leastError4 } from '../reference/quantised.ts';

const COUNTS = [32, 96, 128, 160, 4096];
const BITS: readonly WeightBits[] = [8, 4];

/** Bell-shaped weights: sums of twelve uniform numbers. */
function weights(count: number, seed: number, scale = 0.02): Float32Array {
  const parts = numbers(12 * count, seed, scale / 2);
  return Float32Array.from({ length: count }, (_, i) =>
    parts.subarray(12 * i, 12 * i + 12).reduce((sum, x) => sum + x, 0),
  );
}

const squares = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x * x, 0);

/** norm(stored - given) / norm(given). */
function lossOf(values: Float32Array, bits: WeightBits): number {
  const stored = dequantised(quantise(values, bits, 'w'), bits, values.length);
  return Math.sqrt(squares(stored.map((x, i) => x - values[i]!)) / squares(values));
}

describe('quantise', () => {
  it('takes 34 and 18 words for 128 values, and whole groups', () => {
    expect(BITS.map(groupWords)).toEqual([34, 18]);
    expect(quantise(new Float32Array(160), 8, 'w').length).toBe(2 * 34);
    expect(quantise(new Float32Array(128), 4, 'w').length).toBe(18);
  });

  it.each(BITS)('stores the nearest of the values that %i bits and the scale allow', (bits) => {
    for (const count of COUNTS) {
      const values = weights(count, count);
      blocksOf(quantise(values, bits, 'w'), bits, count).forEach(({ scale, integers }, block) => {
        integers.forEach((q, i) => {
          const x = values[32 * block + i]!;
          const [low, high] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
          for (const other of [q - 1, q + 1].filter((one) => one >= low && one <= high)) {
            expect(Math.abs(x - q * scale)).toBeLessThanOrEqual(Math.abs(x - other * scale) + 1e-12);
          }
        });
      });
    }
  });

  it('in 8 bits errs by half a step of the largest weight over 128, by 1.5 steps at its negative', () => {
    const values = weights(4096, 5);
    blocksOf(quantise(values, 8, 'w'), 8, values.length).forEach(({ scale, integers }, block) => {
      const own = values.subarray(32 * block, 32 * block + 32);
      const largest = Math.max(...own.map(Math.abs));
      // bf16 has 8 significant bits: a scale is off by 2^-8 of itself at most.
      expect(Math.abs(128 * Math.abs(scale) - largest)).toBeLessThanOrEqual(largest * 2 ** -8);
      integers.forEach((q, i) => {
        const bound = q === 127 ? 1.5 : 0.5;
        expect(Math.abs(own[i]! - q * scale)).toBeLessThanOrEqual(bound * Math.abs(scale) * (1 + 1e-6));
      });
    });
  });

  it('keeps the largest weight of each block of a bf16 checkpoint exactly, in 8 bits', () => {
    const values = bf16ToF32(f32ToBf16(weights(4096, 6)));
    const stored = dequantised(quantise(values, 8, 'w'), 8, values.length);
    for (let start = 0; start < values.length; start += 32) {
      const own = [...values.subarray(start, start + 32)];
      const at = own.indexOf(own.reduce((far, x) => (Math.abs(x) > Math.abs(far) ? x : far)));
      expect(stored[start + at]).toBe(own[at]);
    }
  });

  it('in 4 bits errs hardly more than with the best scale there is', () => {
    const values = weights(4096, 7);
    const stored = dequantised(quantise(values, 4, 'w'), 4, values.length);
    let [found, least] = [0, 0];
    for (let start = 0; start < values.length; start += 32) {
      const own = [...values.subarray(start, start + 32)];
      const error = squares(own.map((x, i) => x - stored[start + i]!));
      const best = leastError4(own);
      expect(error).toBeLessThanOrEqual(1.15 * best);
      found += error;
      least += best;
    }
    expect(found).toBeLessThanOrEqual(1.02 * least);
  });

  it('loses 0.6 % of bell-shaped weights in 8 bits and 9 % in 4, whatever their size', () => {
    for (const scale of [1e-30, 1e-4, 0.02, 1e30]) {
      const values = weights(4096, 8, scale);
      expect(lossOf(values, 8)).toBeLessThan(0.006);
      expect(lossOf(values, 4)).toBeLessThan(0.09);
    }
  });

  it.each(BITS)('%i bits hold zeros, one value, and the largest and smallest numbers', (bits) => {
    // Half the smallest bf16, times what a scale is multiplied with.
    const smallest = 128 * 2 ** -134;
    const blocks = [0, 1, -1, 3.4e38, -3.4e38, 1.2e-38, 1e-45];
    for (const [index, value] of blocks.entries()) {
      const values = new Float32Array(32);
      values[index] = value;
      const stored = dequantised(quantise(values, bits, 'w'), bits, 32);
      for (const [i, x] of stored.entries()) {
        expect(Math.abs(x - values[i]!)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8 + smallest);
      }
    }
    const zeros = quantise(new Float32Array(96), bits, 'w');
    expect(zeros.every((word) => word === 0)).toBe(true);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d by name', (bad) => {
    for (const bits of BITS) {
      const values = weights(256, 9);
      values[200] = bad;
      const attempt = () => quantise(values, bits, 'model.safetensors: tensor "w"');
      expect(attempt).toThrow(InputError);
      expect(attempt).toThrow(
        `model.safetensors: tensor "w" holds ${bad} among its weights, expected finite numbers.`,
      );
    }
  });

  it('refuses parts of a block', () => {
    expect(() => quantise(new Float32Array(48), 8, 'w')).toThrow('48 values are not whole blocks of 32');
  });
});
