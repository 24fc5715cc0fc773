import { describe, expect, it } from 'vitest';
import { batchingComparison, spreadLimit } from '../../src/bench/cases/batching.ts';
import { DEMO } from '../../src/bench/cases/shapes.ts';
import { runComparison } from '../../src/bench/comparison.ts';
import { summaryKey } from '../../src/bench/report.ts';
import { testGpu } from '../ops/harness.ts';

describe('batching', () => {
  it('spreads the lengths of each group from one to eight', () => {
    for (const prompt of [0, 3, 7]) {
      const lengths = Array.from({ length: 8 }, (_, index) => spreadLimit(2)(prompt, index));
      expect(lengths.toSorted((a, b) => a - b)).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    }
    expect(spreadLimit(2)(0, 0)).not.toBe(spreadLimit(2)(1, 0));
  });

  it('draws the same tokens as batches that wait for their longest', async () => {
    const comparison = batchingComparison(DEMO, 1, { prompts: 2, shortest: 1 });
    const timing = { samples: 1, sampleMs: 0, patienceMs: 0 };
    const [row] = await runComparison(await testGpu(), comparison, ['static'], timing);
    expect(row!.note).toBeUndefined();
    expect(row!.ratio).toBeGreaterThan(0);
    expect(summaryKey(row!)).toBe('batching/static');
  });
});
