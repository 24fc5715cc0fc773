/** Scaled rotary frequencies, beside those that transformers 5.18 computes in float32. */
import { describe, expect, it } from 'vitest';
import {
  type RopeScaling,
  scaledFrequencies,
  yarnMagnitude,
} from '../../src/ops/attention/rope-frequencies.ts';

const YARN = { kind: 'yarn', betaFast: 32, betaSlow: 1, attentionFactor: 1, truncate: true } as const;

/** Of a head of 16 columns: theta, scaling, and the recorded frequencies. */
const RECORDED: readonly (readonly [string, number, RopeScaling, readonly number[]])[] = [
  [
    'linear',
    1e6,
    { kind: 'linear', factor: 4 },
    [
      ...[0.25, 0.0444569848, 0.00790569466, 0.00140585331],
      ...[0.000250000012, 4.44569851e-5, 7.90569356e-6, 1.40585337e-6],
    ],
  ],
  [
    'yarn with its defaults',
    1e6,
    { ...YARN, factor: 4, originalPositions: 32768 },
    [
      ...[1, 0.177827939, 0.0316227786, 0.00421755994],
      ...[0.000500000024, 4.44569851e-5, 7.90569356e-6, 1.40585337e-6],
    ],
  ],
  [
    'yarn whose ramp would begin before the first pair',
    1e6,
    { ...YARN, factor: 4, originalPositions: 32 },
    [
      ...[1, 0.0444569848, 0.00790569466, 0.00140585331],
      ...[0.000250000012, 4.44569851e-5, 7.90569356e-6, 1.40585337e-6],
    ],
  ],
  [
    'yarn with a ramp between pairs that are not whole',
    1e4,
    { ...YARN, factor: 40, originalPositions: 4096, betaFast: 16, betaSlow: 2, truncate: false },
    [
      ...[1, 0.316227764, 0.100000001, 0.0316227786],
      ...[0.00579010462, 0.000123952457, 2.49999994e-5, 7.90569447e-6],
    ],
  ],
  [
    'yarn of a short model',
    1e4,
    { ...YARN, factor: 8, originalPositions: 64 },
    [
      ...[1, 0.223994657, 0.0416666642, 0.00395284733],
      ...[0.00124999997, 0.000395284733, 0.000125000006, 3.95284733e-5],
    ],
  ],
];

describe('scaled rotary frequencies', () => {
  it.each(RECORDED)('are those of transformers: %s', (_, theta, scaling, recorded) => {
    const { frequencies } = scaledFrequencies(16, theta, scaling);
    expect(frequencies).toHaveLength(recorded.length);
    for (const [pair, frequency] of frequencies.entries()) {
      // A float32 has 24 bits; the recorded one went through some operations.
      expect(Math.abs(frequency / recorded[pair]! - 1), `pair ${pair}`).toBeLessThan(1e-6);
    }
  });

  it('are theirs of a model without scaling, and cosines and sines stay as they are', () => {
    const plain = { frequencies: [1, 0.01], amplitude: 1 };
    expect(scaledFrequencies(4, 1e4)).toEqual(plain);
    expect(scaledFrequencies(4, 1e4, { kind: 'linear', factor: 1 })).toEqual(plain);
    expect(scaledFrequencies(4, 1e4, { ...YARN, factor: 1, originalPositions: 64 })).toEqual(plain);
  });

  it('come with the factor of cosines and sines that YaRN is given', () => {
    const scaling = { ...YARN, factor: 8, originalPositions: 64, attentionFactor: 0.9 };
    expect(scaledFrequencies(16, 1e4, scaling).amplitude).toBe(0.9);
    expect(yarnMagnitude(4)).toBeCloseTo(1.138629436111989, 14);
    expect(yarnMagnitude(0.5)).toBe(1);
    expect(yarnMagnitude(40, 1) / yarnMagnitude(40, 0.7)).toBeCloseTo(1.0879546075066122, 14);
  });
});
