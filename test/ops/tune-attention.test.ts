import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../src/gpu/index.ts';
import { walkOf } from '../../src/ops/attention/attention-walk.ts';
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
  ] as const)('takes a %s where it is faster', async (maker, times) => {
    const found = await tuneAttention(await testGpu(), { shape: SHAPE, now: fakeClock(times) });
    expect(found).toEqual({ maker, ms: { thread: times[0] / 4, subgroup: times[1] / 4 } });
  });

  it('keeps to threads where the results differ', async () => {
    const options = { shape: SHAPE, now: fakeClock([8, 4]), difference: () => 2e-5 };
    expect(await tuneAttention(await testGpu(), options)).toEqual({ maker: 'thread', ms: { thread: 2 } });
  });

  it('decides how a GPU walks over keys, and leaves software adapters alone', () => {
    const traits = { ...PLAIN, lanes: 32, makers: { attention: 'subgroup' } as const };
    const shader = (given: typeof traits): string => walkOf(given, 64).kernels.forward.shader;
    expect(shader(traits)).toBe('attention_teams');
    expect(walkOf({ ...PLAIN, lanes: 32 }, 64).kernels.forward.shader).toBe('attention');
    expect(shader({ ...traits, isSoftware: true })).toBe('attention');
    expect(walkOf(traits, 40).kernels.forward.shader).toBe('attention');
  });
});
