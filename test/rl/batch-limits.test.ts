import { describe, expect, it } from 'vitest';
import type { Qwen2Config } from '../../src/decoder/qwen2.ts';
import { InputError } from '../../src/math/errors.ts';
import { planPasses, planRollout, tokensPerPass } from '../../src/rl/update/batch-limits.ts';

/** Qwen2.5-0.5B on WebGPU's default binding of 128 MiB. */
const REAL = {
  ...{ hiddenSize: 896, intermediateSize: 4864, layers: 24, kvHeads: 2, headDim: 64 },
  vocabSize: 151_936,
} as Qwen2Config;
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

  it('share out a group that none holds alone, evenly', () => {
    const step = { prompts: 4, promptTokens: PROMPT, completions: 16, length: 512 };
    const { promptsPerPass, passesPerGroup, largest } = planPasses(REAL, BINDING, step);
    expect([promptsPerPass, passesPerGroup]).toEqual([1, 2]);
    expect(largest).toEqual({ tokens: PROMPT + 8 * 511, predictions: 8 * 512 });
    expect(planPasses(REAL, BINDING, { ...step, completions: 11 }).passesPerGroup).toBe(1);
    expect(planPasses(REAL, BINDING, { ...step, length: 5923 })).toMatchObject({
      passesPerGroup: 16,
      largest: { tokens: 6898, predictions: 5923 },
    });
    expect(planPasses(REAL, BINDING, { ...step, promptTokens: 6898, length: 1 })).toMatchObject({
      passesPerGroup: 1,
      largest: { tokens: 6898, predictions: 16 },
    });
  });

  it('grow with the bindings of a device, and beyond their usual size for a single long answer', () => {
    const step = { prompts: 1, promptTokens: PROMPT, completions: 14, length: 512 };
    expect(planPasses(REAL, BINDING, step).passesPerGroup).toBe(2);
    expect(planPasses(REAL, 2 * BINDING, step).passesPerGroup).toBe(1);
    expect(planPasses(REAL, 2 * BINDING, { ...step, length: 8192 })).toMatchObject({
      passesPerGroup: 14,
      largest: { tokens: PROMPT + 8191 },
    });
  });

  it('refuse only a prompt with a single answer that none holds, saying what to shorten', () => {
    const refused = (promptTokens: number, length: number): InputError => {
      try {
        planPasses(REAL, BINDING, { prompts: 1, promptTokens, completions: 16, length });
      } catch (error) {
        return error as InputError;
      }
      throw new Error('It was not refused.');
    };
    const long = refused(PROMPT, 5924);
    expect(long).toBeInstanceOf(InputError);
    expect(long.message).toBe(
      'One clip with a single answer of up to 5924 tokens is 6899 tokens; a pass of this model holds 6898 on this device, whose largest binding is 128 MiB.',
    );
    expect(long.hint).toBe('Keep answers within 5923 tokens, or make the prompt of 976 tokens shorter.');
    expect(refused(6899, 1).hint).toMatch(/^The prompt alone is 6899 tokens: make it shorter/);
  });
});

describe('rollouts', () => {
  const plan = (prompts: number, groupSize: number, length: number) =>
    planRollout(REAL, BINDING, { prompts, together: prompts, promptTokens: PROMPT, groupSize, length });

  it('take all prompts where the cache has room', () => {
    expect(plan(7, 8, 256)).toEqual({ groups: 7, places: 7, rows: 56 });
    expect(plan(3, 2, 16)).toEqual({ groups: 3, places: 3, rows: 6 });
  });

  it('let others wait, with places for the next ones', () => {
    expect(plan(8, 8, 256)).toEqual({ groups: 5, places: 8, rows: 40 });
    expect(plan(64, 8, 256)).toEqual({ groups: 5, places: 10, rows: 40 });
    expect(plan(64, 1, 256)).toEqual({ groups: 17, places: 17, rows: 17 });
  });

  it('take one prompt at least', () => {
    expect(plan(4, 16, 8192)).toEqual({ groups: 1, places: 2, rows: 16 });
  });

  it('take no more rows than have logits in one binding, and no more of a group than have keys in one', () => {
    const short = { promptTokens: 60, groupSize: 8, length: 32 };
    const many = (bindingBytes: number) =>
      planRollout(REAL, bindingBytes, { ...short, prompts: 64, together: 64 });
    expect(many(BINDING)).toEqual({ groups: 27, places: 54, rows: 216 });
    expect(4 * 216 * REAL.vocabSize).toBeLessThanOrEqual(BINDING);
    expect(many(2 * BINDING)).toEqual({ groups: 55, places: 64, rows: 440 });
    const { places, rows } = plan(4, 64, 8192);
    const keyBytes = 4 * REAL.kvHeads * REAL.headDim;
    expect([places, rows]).toEqual([2, 31]);
    expect(keyBytes * (places * PROMPT + rows * 8192)).toBeLessThanOrEqual(BINDING);
  });
});
