/** How long a step is going to take, by what is known. */
import { describe, expect, it } from 'vitest';
import { stepTime } from '../../src/protocol/step-time.ts';

const plan = {
  work: { promptTokens: 100, answerTokens: 400, passFlops: 6e9, prefillFlops: 2e9, decodeBytes: 4e9 },
};
const ceilings = { gflops: 4, gigabytes: 2 };
const step = (metrics: Record<string, number>) => ({ metrics });

describe('the time of a step', () => {
  it('is at least what the device gives at best, before there are steps', () => {
    expect(stepTime(plan, ceilings, [])).toEqual({ seconds: 8 / 4 + 4 / 2, by: 'device' });
    expect(stepTime(plan, undefined, [])).toBeUndefined();
  });

  it('is that by the shares of it which the last five steps reached', () => {
    const early = step({ mfu: 0.01, mbu: 0.01 });
    const late = Array.from({ length: 4 }, () => step({ mfu: 0.25, mbu: 0.5 }));
    const odd = step({ mfu: Number.NaN, mbu: 0.5 });
    expect(stepTime(plan, ceilings, [early, ...late, odd])).toEqual({
      seconds: 2 / 0.25 + 2 / 0.5,
      by: 'steps',
    });
  });

  it('is that by their tokens a second where no ceilings are measured; supervised steps sample none', () => {
    const steps = [step({ 'tokens_per_second/train': 250, 'tokens_per_second/generate': 100 })];
    expect(stepTime(plan, undefined, steps)).toEqual({ seconds: 500 / 250 + 400 / 100, by: 'steps' });
    expect(stepTime(plan, ceilings, steps)).toEqual({ seconds: 6, by: 'steps' });
    const supervised = { work: { ...plan.work, decodeBytes: 0, prefillFlops: 0 } };
    expect(stepTime(supervised, undefined, [step({ 'tokens_per_second/train': 250 })])!.seconds).toBe(2);
    expect(stepTime(plan, undefined, [step({ 'tokens_per_second/train': 250 })])).toBeUndefined();
  });
});
