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

/** A clock by which threads, subgroups and workgroups take so many milliseconds a sample, in turns. */
function fakeClock(ways: readonly number[]): () => number {
  let [readings, time] = [0, 0];
  return () => {
    time += ways[Math.floor(readings++ / READINGS) % 3]!;
    return time;
  };
}

describe('tuning of products', () => {
  it.each([
    ['subgroup', [8, 2, 4]],
    ['workgroup', [8, 4, 2]],
  ] as const)('takes %ss where they are fastest, for each class of products', async (maker, times) => {
    const gpu = await testGpu();
    const found = await tuneProducts(gpu, { trials: TRIALS, now: fakeClock(times) });
    expect(makersOf(found)).toEqual({ nt: maker, nn: maker, tn: maker, 'nt few': maker });
    const [thread, subgroup, workgroup] = times.map((ms) => ms / 4);
    expect(found.nt).toEqual({ maker, ms: { thread, subgroup, workgroup } });
  });

  it('keeps threads where they are as fast', async () => {
    const gpu = await testGpu();
    const found = await tuneProducts(gpu, { trials: TRIALS.slice(0, 1), now: fakeClock([2, 2, 2]) });
    expect(makersOf(found)).toEqual({ nt: 'thread' });
  });

  it('keeps threads where the results differ, however fast others are', async () => {
    const gpu = await testGpu();
    const options = { trials: TRIALS.slice(1, 2), now: fakeClock([8, 2, 2]), difference: () => 2e-5 };
    const found = await tuneProducts(gpu, options);
    expect(found.nn).toEqual({ maker: 'thread', ms: { thread: 2 } });
  });

  it('compares the results by itself, too: they agree here', async () => {
    const gpu = await testGpu();
    const found = await tuneProducts(gpu, { trials: TRIALS });
    for (const { ms } of Object.values(found)) {
      expect(Object.keys(ms)).toEqual(['thread', 'subgroup', 'workgroup']);
      for (const time of Object.values(ms)) expect(time).toBeGreaterThan(0);
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
