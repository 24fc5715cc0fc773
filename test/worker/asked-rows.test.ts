import { expect, it } from 'vitest';
import type { Example } from '../../src/data/types.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { scoringOf } from '../../src/rl/measure/row-kinds.ts';
import type { RunPrompts } from '../../src/rl/prompts.ts';
import { askedRows, demandMetric } from '../../src/worker/asked-rows.ts';

const example = (id: string, label: string, question: string): Example => ({
  ...{ id, label, writtenLabel: label, answer: label, question, split: 'val', media: [], speaker: null },
});
const LABELS = ['a', 'b', 'c', 'd'].map((id, i) => example(id, i < 2 ? 'sad' : 'happy', `Which ${id}?`));
const NUMBERS = ['a', 'b', 'c', 'd'].map((id, i) => example(id, `${i}`, `How many ${id}?`));
const prompts = { of: ({ question }: Example) => ({ asked: `${question} Think.` }) } as RunPrompts;

it('tells an evaluation labels or kinds, and what each row is asked', () => {
  const labels = askedRows(scoringOf(LABELS, 'auto'), LABELS, prompts);
  expect(labels).toMatchObject({ labels: ['sad', 'happy'] });
  expect(labels.questionOf!('b')).toBe('Which b? Think.');
  const numbers = askedRows(scoringOf(NUMBERS, 'auto'), NUMBERS, prompts);
  if ('labels' in numbers) throw new Error('Numbers of a row each are no labels.');
  expect(numbers.rowOf('c')).toEqual({ kind: 'number', gold: '2', options: [], columns: {} });
});

it('a run does not begin with a best metric that its evaluations will not have', () => {
  const refuse = (bestMetric: 'eval/uar' | 'eval/score', examples: readonly Example[]) => () =>
    demandMetric(parseConfig({ bestMetric }), examples);
  expect(refuse('eval/uar', NUMBERS)).toThrow(
    'bestMetric is eval/uar, but the answers of this data set are no closed set of labels; expected eval/score or auto.',
  );
  expect(refuse('eval/score', LABELS)).toThrow('expected eval/war, eval/uar or auto.');
  expect(refuse('eval/uar', LABELS)).not.toThrow();
  expect(() => demandMetric(parseConfig({}), NUMBERS)).not.toThrow();
  expect(() =>
    demandMetric(parseConfig({ evalMetric: 'labels', bestMetric: 'eval/uar' }), NUMBERS),
  ).not.toThrow();
});
