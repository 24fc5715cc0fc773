import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/protocol/config.ts';
import type { EvalKind } from '../../src/protocol/eval-kinds.ts';
import { isSameNumber, scoreAnswer } from '../../src/rl/measure/row-scores.ts';
import { readRow, scoreRows } from '../../src/rl/measure/score-rows.ts';

const SETTINGS = { ...defaultConfig(), maxCompletionLength: 100 };
const scored = (kind: EvalKind, gold: string, said: string, options: readonly string[] = []) =>
  scoreAnswer(
    `<think>so</think><answer>${said}</answer>`,
    { kind, gold, options },
    { ...SETTINGS, tokens: 9 },
  );

it.each<[EvalKind, string, string, string | null, number]>([
  ['exact', 'Paris', ' Paris ', 'Paris', 1],
  ['exact', 'Paris', 'paris', 'paris', 0],
  ['choice', 'B', '(b)', 'B', 1],
  ['choice', 'B', 'C.', 'C', 0],
  ['choice', 'B', 'none of them', null, 0],
  ['number', '1,000', 'exactly 1000.0 metres', '1000', 1],
  ['number', '3.14159', '3.14', '3.14', 1],
  ['number', '7', '7.5', '7.5', 0],
  ['number', '7', 'seven', null, 0],
  ['regression', '100', '112', '112', 0.8],
  ['contains', 'red car', 'A RED CAR, I think', 'A RED CAR, I think', 1],
  ['contains', 'red', 'it was bored', 'it was bored', 0],
  ['rouge_l', 'The cat sat.', 'the cat stood', 'the cat stood', 2 / 3],
  ['wer', 'STOP here now', 'STOP here', 'STOP here', 2 / 3],
  ['wer', 'STOP', 'it says that you should stop', 'it says that you should stop', 0],
  ['set_f1', "['happy', 'calm']", 'Calm, sad', 'calm, sad', 0.5],
  ['span_iou', '0 to 10', 'from 0:05 until 15 s', '5 to 15', 1 / 3],
  ['span_iou', '0 to 10', 'at the start', null, 0],
  ['yes_no', 'Yes', 'yes, both', 'yes', 1],
  ['yes_no', 'No', 'yes', 'yes', 0],
])('%s of %j against %j', (kind, gold, said, read, score) => {
  const found = scored(kind, gold, said);
  expect(found.read).toBe(read);
  expect(found.score).toBeCloseTo(score, 12);
});

it('multiple choice takes the text of an option; of several letters the set', () => {
  const options = ['A. Calm', 'B. Sad', 'C. Happy'];
  expect(scored('choice', 'B', 'She is sad.', options)).toEqual({ read: 'B', score: 1 });
  expect(scored('choice', 'sad', 'B', options)).toEqual({ read: 'B', score: 1 });
  const set = scored('set_f1', 'A,C', 'A, B', options);
  expect(set).toEqual({ read: 'A, B', score: 0.5 });
});

it('a reward is scored on the whole text, in its own range', () => {
  expect(scored('rewards/format', 'Paris', 'Rome')).toEqual({ read: 'Rome', score: 1 });
  expect(scored('rewards/accuracy', 'Paris', 'Rome').score).toBe(0);
  const long = { kind: 'rewards/soft_overlong', gold: 'a', options: [] } as const;
  expect(scoreAnswer('a', long, { ...SETTINGS, tokens: 90 })).toEqual({ read: 'a', score: -0.5 });
});

it('an answer that was never given scores nothing', () => {
  const row = { kind: 'rouge_l', gold: 'a', options: [] } as const;
  expect(scoreAnswer('<think>a', row, { ...SETTINGS, tokens: 1 })).toEqual({ read: null, score: 0 });
});

it.each([
  [100, 100.009, true],
  [100, 100.02, false],
  [0.001, 0, false],
  [0.5, 0.504, true],
  [0, 0, true],
  [0, 0.001, false],
  [-3, -3.01, true],
])('%d and %d are the same number: %s', (gold, said, same) => {
  expect(isSameNumber(gold, said)).toBe(same);
});

describe('scoreRows', () => {
  const row = (id: string, kind: EvalKind, gold: string, ...said: string[]) =>
    readRow(
      id,
      { kind, gold, options: [] },
      said.map((text) => ({ text, tokens: 1 })),
      SETTINGS,
    );

  it('reports each kind, and the mean over kinds', () => {
    const rows = [
      row('a', 'number', '1', '1'),
      row('b', 'number', '2', '3'),
      row('c', 'number', '3', 'none'),
      row('d', 'rouge_l', 'a b', 'a b'),
      row('e', 'rouge_l', 'a b', 'a'),
    ];
    const { n, scores, clips, passAtK } = scoreRows(rows, 1);
    expect(n).toBe(5);
    expect(scores.kinds.map(({ kind, n }) => [kind, n])).toEqual([
      ['number', 3],
      ['rouge_l', 2],
    ]);
    const rouge = (1 + 2 / 3) / 2;
    expect(scores.kinds.map(({ score }) => score)).toEqual([1 / 3, rouge]);
    expect(scores.score).toBeCloseTo((1 / 3 + rouge) / 2, 12);
    expect(scores.interval![0]).toBeLessThan(scores.score);
    expect(scores.interval![1]).toBeGreaterThan(scores.score);
    expect(scores.unreadable).toBe(1);
    expect(scores.kinds.map(({ exact }) => exact)).toEqual([1, 1]);
    expect(clips).toEqual(rows);
    expect(passAtK).toBeUndefined();
    expect(scoreRows(rows, 1)).toEqual(scoreRows(rows, 1));
  });

  it('counts case and marks only where answers are compared letter by letter', () => {
    const { kinds } = scoreRows([row('a', 'contains', 'Rome', 'rome.')], 1).scores;
    expect(kinds).toEqual([{ kind: 'contains', n: 1, score: 1, exact: 0, tolerant: 1 }]);
  });

  it('of several answers takes the mean, and pass@k where they are right or wrong', () => {
    const rows = [row('a', 'number', '1', '1', '2', '1', '3'), row('b', 'number', '2', '2', '2', '2', '2')];
    expect(rows.map(({ score }) => score)).toEqual([0.5, 1]);
    const { scores, passAtK } = scoreRows(rows, 1);
    expect(scores.score).toBe(0.75);
    expect(passAtK?.map(({ k }) => k)).toEqual([1, 2, 4]);
    const [one, two, four] = passAtK!.map(({ value }) => value);
    expect([one, four]).toEqual([0.75, 1]);
    expect(two).toBeCloseTo((1 - 1 / 6 + 1) / 2, 12);
    expect(scoreRows([row('a', 'rouge_l', 'x', 'x', 'y')], 1).passAtK).toBeUndefined();
  });
});
