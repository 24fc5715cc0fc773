import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../src/gpu/index.ts';
import { productClass, tilingOf } from '../../src/ops/matmul.ts';
import { makersOf, tuneProducts } from '../../src/ops/tune-products.ts';
import { testGpu } from './harness.ts';

const TRIALS = [
  { layout: 'nt', m: 20, n: 36, k: 64 },
  { layout: 'nn', m: 20, n: 36, k: 64 },
  { layout: 'tn', m: 20, n: 36, k: 33 },
  { layout: 'nt', m: 8, n: 36, k: 64 },
] as const;
/** How often the clock is read for one way of making a product. */
const READINGS = 10;

/** A clock by which threads take `thread` milliseconds a sample and subgroups `subgroup`, in turns. */
function fakeClock(thread: number, subgroup: number): () => number {
  let [readings, time] = [0, 0];
  return () => {
    const way = Math.floor(readings++ / READINGS) % 2;
    time += way === 0 ? thread : subgroup;
    return time;
  };
}

describe('tuning of products', () => {
  it('takes subgroups where they are faster, for each class of products', async () => {
    const gpu = await testGpu();
    const found = await tuneProducts(gpu, { trials: TRIALS, now: fakeClock(8, 2) });
    expect(makersOf(found)).toEqual({ nt: 'subgroup', nn: 'subgroup', tn: 'subgroup', 'nt few': 'subgroup' });
    expect(found.nt).toEqual({ maker: 'subgroup', thread: 2, subgroup: 0.5 });
  });

  it('keeps threads where they are as fast', async () => {
    const gpu = await testGpu();
    const found = await tuneProducts(gpu, { trials: TRIALS.slice(0, 1), now: fakeClock(2, 2) });
    expect(makersOf(found)).toEqual({ nt: 'thread' });
  });

  it('keeps threads where the results differ, however fast subgroups are', async () => {
    const gpu = await testGpu();
    const options = { trials: TRIALS.slice(1, 2), now: fakeClock(8, 2), difference: () => 2e-5 };
    const found = await tuneProducts(gpu, options);
    expect(found.nn).toEqual({ maker: 'thread', thread: 2, subgroup: Number.POSITIVE_INFINITY });
  });

  it('compares the two results by itself, too: they agree here', async () => {
    const gpu = await testGpu();
    const found = await tuneProducts(gpu, { trials: TRIALS });
    for (const { thread, subgroup } of Object.values(found)) {
      expect(thread).toBeGreaterThan(0);
      expect(subgroup).toBeLessThan(Number.POSITIVE_INFINITY);
    }
  });

  it('decides how a GPU lays out products of that class only', () => {
    const gpu = { isSoftware: false, lanes: 32, makers: { nt: 'subgroup' } as const };
    expect(productClass('nt', 8)).toBe('nt few');
    expect(tilingOf('nt', { m: 512, n: 1024, k: 1024 }, gpu).path).toBe('byRows');
    expect(tilingOf('nt', { m: 8, n: 1024, k: 1024 }, gpu).path).not.toBe('byRows');
    expect(tilingOf('tn', { m: 512, n: 1024, k: 1024 }, gpu).path).not.toBe('byDepths');
    expect(tilingOf('nt', { m: 512, n: 1024, k: 1024 }, { ...PLAIN, makers: gpu.makers }).path).toBe(
      'wideQuads',
    );
  });
});
