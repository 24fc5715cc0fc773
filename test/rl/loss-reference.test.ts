import { describe, expect, it } from 'vitest';
import { readLossCases } from '../../src/cli/parity/loss-cases.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { relativeError } from '../ops/harness.ts';
import { referenceEntropyGradient, referenceGradient, referenceLoss } from '../reference/losses.ts';

const [first, today] = await Promise.all(
  ['grpo-losses', 'grpo-losses-1.16'].map(async (name) =>
    readLossCases(await treeFromDisk(`test/golden/${name}`)),
  ),
);
const cases = [...first!, ...today!.map((one) => ({ ...one, name: `${one.name} in 1.16` }))];

describe('float64 losses against TRL', () => {
  it('knows all settings', () => {
    expect(first!.filter(({ name }) => !name.startsWith('table'))).toHaveLength(24);
    expect(first!.filter(({ name }) => name.startsWith('table'))).toHaveLength(112);
    expect(today).toHaveLength(14 + 16);
  });

  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, { config, batch, ...expected }) => {
    const { loss, metrics } = referenceLoss(config, batch);
    expect(Math.abs(loss - expected.loss)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(expected.loss)));
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected.metrics).sort());
    for (const [name, value] of Object.entries(expected.metrics)) {
      expect(Math.abs(metrics[name]! - value), name).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(value)));
    }
    const gradient = referenceGradient(config, batch);
    expect(relativeError(gradient.flat(), expected.gradient.flat())).toBeLessThan(2e-6);
    if (expected.entropyGradient) {
      const entropyGradient = referenceEntropyGradient(config, batch);
      expect(relativeError(entropyGradient.flat(), expected.entropyGradient.flat())).toBeLessThan(2e-6);
    }
  });
});
