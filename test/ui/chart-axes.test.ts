import { describe, expect, it } from 'vitest';
import { chartData } from '../../src/store/series.ts';
import type { StepRecord } from '../../src/store/state.ts';
import { axisTicks, logTicks, placesOn, placeWords } from '../../src/ui/train/axes.ts';
import { allOf, chartsOf, matching, withPins } from '../../src/ui/train/chart-list.ts';

const steps: StepRecord[] = [
  { step: 1, metrics: { reward: 1, step_time: 2, num_tokens: 100 }, seconds: {} },
  { step: 2, metrics: { reward: 2, step_time: Number.NaN, num_tokens: 250 }, seconds: {} },
  { step: 3, metrics: { reward: 3, step_time: 4.5 }, seconds: {} },
];

describe('the axis that charts are drawn over', () => {
  it('has each step at its number, at the time that steps took, or at the tokens so far', () => {
    expect(placesOn('step', steps)).toEqual([1, 2, 3]);
    expect(placesOn('time', steps)).toEqual([2, 2, 6.5]);
    expect(placesOn('tokens', steps)).toEqual([100, 250, 250]);
    expect(placesOn('time', steps, [5, 6, 7])).toEqual([5, 6, 7]);
  });

  it('is where rows stand and are found again', () => {
    const data = chartData(steps, ['reward'], 0, placesOn('time', steps));
    expect(data.rows.map(({ step, place }) => [step, place])).toEqual([
      [1, 2],
      [2, 2],
      [3, 6.5],
    ]);
    expect(data.rowAt(6.5)?.raw.reward).toBe(3);
    expect(data.placeOf(3)).toBe(6.5);
  });

  it.each([
    ['step', 1, 40, [10, 20, 30, 40], '10'],
    ['time', 3, 190, [60, 120, 180], '1 min 00 s'],
    ['time', 0.2, 2.1, [0.5, 1, 1.5, 2], '500 ms'],
    ['tokens', 900, 4200, [1000, 2000, 3000, 4000], '1.00 k'],
  ] as const)('has round ticks within %s %d to %d', (axis, first, last, ticks, words) => {
    expect(axisTicks(axis, first, last)).toEqual(ticks);
    expect(placeWords(axis, ticks[0])).toBe(words);
  });
});

describe('a logarithmic axis', () => {
  it.each([
    [
      [0.003, 4],
      [0.001, 0.01, 0.1, 1, 10],
    ],
    [
      [20, 70],
      [20, 50, 100],
    ],
    [
      [1e-12, 1],
      [1e-12, 1e-9, 1e-6, 1e-3, 1],
    ],
    [[5], [2, 5, 10]],
    [[0, -3, Number.NaN], []],
    [
      [-1, 0, 30, 8],
      [5, 10, 20, 50],
    ],
  ])('encloses the positive values of %j', (values, ticks) => {
    expect(logTicks(values)).toEqual(ticks);
  });
});

describe('which charts there are', () => {
  const charts = chartsOf([{ step: 1, metrics: { 'rewards/accuracy/mean': 1 }, seconds: {} }]);
  const titles = (found: ReturnType<typeof matching>) =>
    'wrong' in found ? found : found.map(({ id }) => id);

  it('are found by titles and by names of metrics, in any case', () => {
    expect(titles(matching(allOf(charts), 'accuracy/mean'))).toEqual(['Rewards by part']);
    expect(titles(matching(allOf(charts), '^GRADIENT|^kl$'))).toEqual(['kl', 'grad_norm']);
    expect(titles(matching(allOf(charts), 'nothing'))).toEqual([]);
    expect(titles(matching(allOf(charts), '('))).toEqual({
      wrong: expect.stringContaining('Unterminated group'),
    });
  });

  it('stand once each, pinned ones first and in their order', () => {
    const { pinned, core, more } = withPins(charts, ['learning_rate', 'kl', 'gone']);
    expect(pinned.map(({ id }) => id)).toEqual(['learning_rate', 'kl']);
    expect(core.map(({ id }) => id)).not.toContain('kl');
    const ids = [...pinned, ...allOf({ core, more })].map(({ id }) => id);
    expect(ids.toSorted()).toEqual(
      allOf(charts)
        .map(({ id }) => id)
        .toSorted(),
    );
  });
});
