import { describe, expect, it } from 'vitest';
import { measureCeilings } from '../../src/bench/cases/ceilings.ts';
import { testGpu } from '../ops/harness.ts';

const TIMING = { samples: 1, sampleMs: 0, patienceMs: 0 };

/** A clock on which everything takes 10 ms, but 1 ms within the first `quick` looks. A time takes five. */
function clock(quick: number): () => number {
  let looks = 0;
  let ms = 0;
  return () => {
    ms += looks++ < quick ? 1 : 10;
    return ms;
  };
}

describe('ceilings', () => {
  it('are operations and bytes by the time of one dispatch', async () => {
    const gpu = await testGpu();
    const before = gpu.ledger.total;
    const { gflops, gigabytes } = await measureCeilings(gpu, TIMING, clock(0));
    expect(gflops).toBeCloseTo((2 ** 14 * 64 * 512) / 10e6);
    expect(gigabytes).toBeCloseTo((2 * 64 * 2 ** 20) / 10e6);
    expect(gpu.ledger.total).toBe(before);
  });

  it('take more threads where a dispatch is over too soon', async () => {
    const { gflops } = await measureCeilings(await testGpu(), TIMING, clock(10));
    expect(gflops).toBeCloseTo((4 * 2 ** 14 * 64 * 512) / 10e6);
  });
});
