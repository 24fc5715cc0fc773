import { describe, expect, it } from 'vitest';
import { betterScore, surplusSteps } from '../../src/worker/runs/keep.ts';

describe('betterScore', () => {
  const war = (step: number, value: number) => ({ metric: 'eval/war', value, step });

  it('is the higher one where up is good, the earlier one of equals', () => {
    expect(betterScore(undefined, war(2, 0.5))).toEqual(war(2, 0.5));
    expect(betterScore(war(2, 0.5), war(4, 0.6))).toEqual(war(4, 0.6));
    expect(betterScore(war(2, 0.5), war(4, 0.5))).toEqual(war(2, 0.5));
    expect(betterScore(war(2, 0.5), war(4, Number.NaN))).toEqual(war(2, 0.5));
    expect(betterScore(undefined, war(4, Number.NaN))).toBeUndefined();
  });

  it('is the lower one where down is good', () => {
    const cut = (step: number, value: number) => ({ metric: 'completions/clipped_ratio', value, step });
    expect(betterScore(cut(2, 0.5), cut(4, 0.4))).toEqual(cut(4, 0.4));
    expect(betterScore(cut(2, 0.5), cut(4, 0.6))).toEqual(cut(2, 0.5));
  });

  it('begins anew with another metric', () => {
    expect(betterScore(war(2, 0.9), { metric: 'eval/uar', value: 0.1, step: 4 })?.step).toBe(4);
  });
});

describe('surplusSteps', () => {
  it.each([
    [[5, 10, 15, 20], 2, undefined, [5, 10]],
    [[5, 10, 15, 20], 2, 5, [10]],
    [[20, 5, 10], 1, 20, [5, 10]],
    [[5], 2, undefined, []],
    [[], 2, undefined, []],
  ])('of %j with %i kept and %s the best are %j', (steps, keep, best, surplus) => {
    expect(surplusSteps(steps, { keep, ...(best === undefined ? {} : { best }) })).toEqual(surplus);
  });

  it.each([
    [12, [5, 15]],
    [10, [5, 15]],
    [9, [10, 15]],
    [4, [5, 10, 15]],
    [25, [5, 10, 15]],
  ])('leave out the newest of a time when training was well, up to step %i', (healthy, surplus) => {
    expect(surplusSteps([5, 10, 15, 20, 25], { keep: 2, healthy })).toEqual(surplus);
  });
});
