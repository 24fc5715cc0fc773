import { expect, it } from 'vitest';
import { NO_FILTER } from '../../src/protocol/answer-search.ts';
import type { Completion, RolloutGroup } from '../../src/protocol/messages.ts';
import { earned, rangeOf, rolloutRows, TOTAL } from '../../src/ui/rollouts/rows.ts';

const completion = (total: number, accuracy: number | null): Completion => ({
  ...{ text: `${total}`, rawText: '', tokens: 1, ended: 'eos', answer: null },
  ...{ rewards: { accuracy }, total, advantage: 0 },
});
const groups: RolloutGroup[] = [
  { exampleId: 'a', label: 'sad', completions: [completion(0, 0), completion(0.5, null)] },
  { exampleId: 'b', label: 'sad', completions: [completion(1, 1), completion(Number.NaN, 1)] },
];
const textsIn = (reward: string, low: number, high: number, isClosed: boolean) =>
  rolloutRows(groups, { ...NO_FILTER, bin: { reward, low, high, isClosed } }).map(
    ({ completion }) => completion.text,
  );

it('answers are filtered by what they earned in total, or by one reward', () => {
  expect(textsIn(TOTAL, 0, 0.5, false)).toEqual(['0']);
  expect(textsIn(TOTAL, 0, 0.5, true)).toEqual(['0', '0.5']);
  expect(textsIn('accuracy', 1, 1, true)).toEqual(['1', 'NaN']);
  expect(textsIn('accuracy', -1, 2, true)).toEqual(['0', '1', 'NaN']);
  expect(textsIn('other', -1, 2, true)).toEqual([]);
});

it('the first row that is left of a group says its clip', () => {
  const bin = { reward: TOTAL, low: 0.5, high: 1, isClosed: true };
  const rows = rolloutRows(groups, { ...NO_FILTER, bin });
  expect(rows.map(({ exampleId, first }) => [exampleId, first])).toEqual([
    ['a', true],
    ['b', true],
  ]);
});

it('a reward that did not apply is no number, and ranges read as numbers do', () => {
  expect(earned(completion(1, null), 'accuracy')).toBeUndefined();
  expect(earned(completion(1, 0), 'accuracy')).toBe(0);
  expect([rangeOf({ low: -0.25, high: -0.25 }), rangeOf({ low: -1, high: 0.3333 })]).toEqual([
    '−0.25',
    '−1 to 0.333',
  ]);
});
