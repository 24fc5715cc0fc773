import { describe, expect, it } from 'vitest';
import { type Comparison, runComparison } from '../../src/bench/comparison.ts';
import type { Contestant } from '../../src/bench/timing.ts';
import { testGpu } from '../ops/harness.ts';

const TIMING = { samples: 3, sampleMs: 0, patienceMs: 1000 };

function contestant(result: readonly number[], log: string[], name: string): Contestant {
  return {
    start: () => undefined,
    settle: async () => undefined,
    result: async () => Float32Array.from(result),
    dispose: () => {
      log.push(name);
    },
  };
}

describe('runComparison', () => {
  it('times peers that give the same numbers, and says what is wrong with the others', async () => {
    const disposed: string[] = [];
    const comparison: Comparison = {
      kernel: 'sum',
      shape: '2',
      peers: ['same', 'other', 'broken', 'unwanted'],
      cost: { flops: 2, bytes: 8 },
      open: async () => ({
        ours: contestant([1, 2], disposed, 'ours'),
        peers: {
          same: async () => contestant([1, 2.0001], disposed, 'same'),
          other: async () => contestant([2, 1], disposed, 'other'),
          broken: async () => {
            throw new Error('out of memory\nat some place');
          },
        },
      }),
    };
    const rows = await runComparison(await testGpu(), comparison, ['same', 'other', 'broken'], TIMING);
    expect(rows.map(({ peer }) => peer)).toEqual(['same', 'other', 'broken']);
    expect(rows[0]!.ratio).toBeGreaterThan(0);
    expect(rows[1]).toMatchObject({ theirsMs: null, note: expect.stringMatching(/other numbers/) });
    expect(rows[2]).toMatchObject({ theirsMs: null, note: 'cannot: out of memory' });
    expect(disposed.sort()).toEqual(['other', 'ours', 'same']);
  });
});
