import { describe, expect, it } from 'vitest';
import type { Qwen2Config } from '../../src/models/qwen2.ts';
import { planPasses, promptsPerRollout, tokensPerPass } from '../../src/rl/batch-limits.ts';

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
  const together = (prompts: number, groupSize: number, length: number) =>
    promptsPerRollout(REAL, BINDING, { prompts, promptTokens: PROMPT, groupSize, length });

  it('are shared out evenly over as few turns as cache and prefill allow', () => {
    expect(together(8, 8, 256)).toBe(4);
    expect(together(1, 8, 512)).toBe(1);
    expect(together(3, 2, 16)).toBe(3);
  });

  it('take one prompt at least', () => {
    expect(together(4, 64, 8192)).toBe(1);
  });
});
