import { describe, expect, it } from 'vitest';
import { PLAIN, type Traits } from '../../src/gpu/index.ts';
import { variantOf } from '../../src/ops/attention/attention-variants.ts';
import { tuneAttention } from '../../src/ops/attention/tune-attention.ts';
import { fakeClock } from './fake-clock.ts';
import { testGpu } from './harness.ts';

const SHAPE = { tokens: 40, heads: 4, kvHeads: 2, headDim: 16 };

describe('tuning of attention', () => {
  it('finds results and gradients of both ways equal, and leaves nothing behind', async () => {
    const gpu = await testGpu();
    gpu.trim();
    const { total } = gpu.ledger;
    const { ms } = await tuneAttention(gpu, { shape: SHAPE });
    expect(Object.keys(ms)).toEqual(['thread', 'subgroup']);
    gpu.trim();
    expect(gpu.ledger.total).toBe(total);
  });

  it.each([
    ['subgroup', [8, 4]],
    ['thread', [4, 8]],
    ['thread', [4, 4]],
  ] as const)('takes a %s where it is faster', async (variant, times) => {
    const found = await tuneAttention(await testGpu(), { shape: SHAPE, now: fakeClock(times) });
    expect(found).toEqual({ variant, ms: { thread: times[0] / 4, subgroup: times[1] / 4 } });
  });

  it('keeps to threads where the results differ', async () => {
    const options = { shape: SHAPE, now: fakeClock([8, 4]), difference: () => 2e-5 };
    expect(await tuneAttention(await testGpu(), options)).toEqual({ variant: 'thread', ms: { thread: 2 } });
  });

  it('decides what a GPU runs, and leaves software adapters that were not tuned to unrolled threads', () => {
    const traits = { ...PLAIN, lanes: 32, variants: { attention: 'subgroup' } };
    const shader = (given: Traits, headDim = 64): string => variantOf(given, headDim).kernels.forward.shader;
    expect(shader(traits)).toBe('attention/subgroup');
    expect(shader({ ...PLAIN, lanes: 32 })).toBe('attention/thread');
    expect(shader({ ...PLAIN, lanes: 32, isSoftware: true })).toBe('attention/thread-unrolled');
    expect(shader(traits, 40)).toBe('attention/thread');
  });
});
