import { describe, expect, it } from 'vitest';
import { type DType, PLAIN } from '../../src/gpu/index.ts';
import { bf16ToF32, f16ToF32, f32ToF16 } from '../../src/math/half.ts';
import { relativeDifference } from '../../src/math/stats.ts';
import { tilingOf, workClass } from '../../src/ops/matmul/matmul.ts';
import { tuneMatmul, tuningWeights } from '../../src/ops/matmul/tune-matmul.ts';
import { variantsOf } from '../../src/ops/tuning/tune.ts';
import { fakeClock } from './fake-clock.ts';
import { testGpu } from './harness.ts';

const CASES = [
  { layout: 'nt', m: 20, n: 36, k: 64 },
  { layout: 'nn', m: 20, n: 36, k: 64 },
  { layout: 'tn', m: 20, n: 36, k: 33 },
  { layout: 'nt', m: 8, n: 36, k: 64 },
] as const;
const OF_HALVES = (deviation: number) =>
  (['nt', 'nn'] as const).map((layout) => ({ layout, m: 20, n: 36, k: 64, deviation }));
describe('tuning of matmul', () => {
  it.each([
    ['subgroup', [8, 2, 4]],
    ['workgroup', [8, 4, 2]],
  ] as const)('takes %ss where they are fastest, for each class of matmuls', async (variant, times) => {
    const gpu = await testGpu();
    const found = await tuneMatmul(gpu, { cases: CASES, now: fakeClock(times) });
    expect(variantsOf(found)).toEqual({ nt: variant, nn: variant, tn: variant, 'nt few': variant });
    const [thread, subgroup, workgroup] = times.map((ms) => ms / 4);
    expect(found.nt).toEqual({ variant, ms: { thread, subgroup, workgroup } });
  });

  it('keeps threads where they are as fast', async () => {
    const gpu = await testGpu();
    const found = await tuneMatmul(gpu, { cases: CASES.slice(0, 1), now: fakeClock([2, 2, 2]) });
    expect(variantsOf(found)).toEqual({ nt: 'thread' });
  });

  it('keeps threads where the results differ, however fast others are', async () => {
    const gpu = await testGpu();
    const options = { cases: CASES.slice(1, 2), now: fakeClock([8, 2, 2]), difference: () => 2e-5 };
    const found = await tuneMatmul(gpu, options);
    expect(found.nn).toEqual({ variant: 'thread', ms: { thread: 2 } });
  });

  it.each([
    [1, 'workgroup-f16'],
    // As much faster as another variant must be than threads, but not than workgroups.
    [1.9375, 'workgroup'],
  ] as const)(
    'tries f16 on 16-bit weights only, where the device has it: at %d ms %s',
    async (ms, winner) => {
      const gpu = await testGpu();
      const { halves } = gpu.traits;
      expect(halves).toBe(/llvmpipe/.test(gpu.info.description));
      const times = halves ? [8, 4, 2, ms] : [8, 4, 2];
      const found = await tuneMatmul(gpu, { cases: OF_HALVES(0.02), now: fakeClock(times) });
      const variant = halves ? winner : 'workgroup';
      expect(variantsOf(found)).toEqual({ 'nt 16-bit': variant, 'nn 16-bit': variant });
      expect(found['nn 16-bit']!.ms['workgroup-f16']).toBe(halves ? ms / 4 : undefined);
    },
  );

  it('refuses f16 where it loses what the weights say', async () => {
    const gpu = await testGpu();
    const found = await tuneMatmul(gpu, { cases: OF_HALVES(1e-7) });
    for (const { ms } of Object.values(found))
      expect(Object.keys(ms)).toEqual(['thread', 'subgroup', 'workgroup']);
  });

  it('tries f16 on weights that tell whether a device keeps its subnormals', () => {
    const weights = bf16ToF32(tuningWeights(100_000));
    const flushed = weights.map((value) => (Math.abs(value) < 2 ** -14 ? 0 : value));
    expect(relativeDifference(f16ToF32(f32ToF16(weights)), weights)).toBeLessThan(1e-7);
    expect(relativeDifference(flushed, weights)).toBeGreaterThan(5e-5);
  });

  it('compares the results by itself, too: they agree here', async () => {
    const gpu = await testGpu();
    const found = await tuneMatmul(gpu, { cases: CASES });
    for (const { ms } of Object.values(found)) {
      expect(Object.keys(ms)).toEqual(['thread', 'subgroup', 'workgroup']);
      for (const time of Object.values(ms)) expect(time).toBeGreaterThan(0);
    }
  });

  it('decides how a GPU runs matmuls of that class only', () => {
    const gpu = { ...PLAIN, lanes: 32, variants: { nt: 'subgroup' } };
    expect(workClass('nt', 8)).toBe('nt few');
    expect(workClass('nt', 8, 'bf16')).toBe('nt few');
    expect(['f32', 'bf16', 'f16', 'q8', 'q4'].map((dtype) => workClass('nt', 9, dtype as DType))).toEqual([
      'nt',
      'nt 16-bit',
      'nt 16-bit',
      'nt',
      'nt',
    ]);
    expect(tilingOf('nt', { m: 512, n: 1024, k: 1024 }, gpu).path).toBe('byRows');
    expect(tilingOf('nt', { m: 8, n: 1024, k: 1024 }, gpu).path).not.toBe('byRows');
    expect(tilingOf('tn', { m: 512, n: 1024, k: 1024 }, gpu).path).not.toBe('byDepths');
    expect(tilingOf('nt', { m: 512, n: 1024, k: 1024 }, { ...PLAIN, variants: gpu.variants }).path).toBe(
      'wideQuads',
    );
  });
});
