import { describe, expect, it } from 'vitest';
import type { Qwen2Config } from '../../src/decoder/qwen2.ts';
import { planPasses, planRollout, tokensPerPass } from '../../src/rl/update/batch-limits.ts';

/** Qwen2.5-0.5B on WebGPU's default binding of 128 MiB. */
const REAL = { hiddenSize: 896, intermediateSize: 4864, layers: 24, kvHeads: 2, headDim: 64 } as Qwen2Config;
const BINDING = 128 * 2 ** 20;
const PROMPT = 976;

describe('passes', () => {
  it('hold so many tokens that their widest activation fits a binding', () => {
    const most = tokensPerPass(REAL, BINDING);
    expect(4 * most * REAL.intermediateSize).toBeLessThanOrEqual(BINDING);
    expect(4 * (most + 1) * REAL.intermediateSize).toBeGreaterThan(BINDING);
  });

  it('take whole groups, the same number each', () => {
    const step = { prompts: 6, promptTokens: PROMPT, completions: 2, length: 101 };
    const { promptsPerPass, largest } = planPasses(REAL, BINDING, step);
    expect(promptsPerPass).toBe(3);
    expect(largest).toEqual({ tokens: 3 * (PROMPT + 200), predictions: 606 });
  });

  it('keep only what a layer was given where all of it would take more than 1 GiB', () => {
    const step = { prompts: 1, completions: 2, length: 17 };
    expect(planPasses(REAL, BINDING, { ...step, promptTokens: PROMPT }).checkpoint).toBe(true);
    expect(planPasses(REAL, BINDING, { ...step, promptTokens: 400 }).checkpoint).toBe(false);
    const small = { ...REAL, hiddenSize: 96, intermediateSize: 192, layers: 3 };
    expect(planPasses(small, BINDING, { ...step, promptTokens: 4000 }).checkpoint).toBe(false);
  });

  it('refuse a group that no pass holds, saying what to lower', () => {
    const step = { prompts: 1, promptTokens: PROMPT, completions: 16, length: 512 };
    expect(() => planPasses(REAL, BINDING, step)).toThrow('a pass of this model holds 6898');
  });
});

describe('rollouts', () => {
  const plan = (prompts: number, groupSize: number, length: number) =>
    planRollout(REAL, { prompts, together: prompts, promptTokens: PROMPT, groupSize, length });

  it('take all prompts where the cache has room', () => {
    expect(plan(7, 8, 256)).toEqual({ groups: 7, places: 7 });
    expect(plan(3, 2, 16)).toEqual({ groups: 3, places: 3 });
  });

  it('let others wait, with places for the next ones', () => {
    expect(plan(8, 8, 256)).toEqual({ groups: 5, places: 8 });
    expect(plan(64, 8, 256)).toEqual({ groups: 5, places: 10 });
    expect(plan(64, 1, 256)).toEqual({ groups: 17, places: 17 });
  });

  it('take one prompt at least', () => {
    expect(plan(4, 64, 8192)).toEqual({ groups: 1, places: 2 });
  });
});
