import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/protocol/config.ts';
import {
  type AskedRow,
  isClosedSet,
  kindByForm,
  type ScoredRow,
  scoringOf,
} from '../../src/rl/measure/row-kinds.ts';

let rows = 0;
const row = (label: string, columns?: AskedRow['columns'], question: string | null = null): AskedRow => ({
  ...{ id: `row ${rows++}`, label, question },
  ...(columns ? { columns } : {}),
});
const asked = (labels: readonly string[]) => labels.map((label, i) => row(label, undefined, `What of ${i}?`));

/** The kinds of rows; 'labels' where they are a closed set. */
function kindsOf(all: readonly AskedRow[], metric: Config['evalMetric'] = 'auto'): string | string[] {
  const scoring = scoringOf(all, metric);
  return 'labels' in scoring ? 'labels' : all.map((each) => scoring.rowOf(each).kind);
}

describe('a closed set', () => {
  it('is few short answers, each of several rows on average', () => {
    expect(isClosedSet(asked(['happy', 'sad', 'happy', 'sad']))).toBe(true);
    expect(isClosedSet(asked(['happy', 'sad', 'happy']))).toBe(false);
    const many = Array.from({ length: 404 }, (_, i) => `word ${i % 101}`);
    expect(isClosedSet(asked(many))).toBe(false);
    expect(isClosedSet(asked(many.filter((word) => word !== 'word 100')))).toBe(true);
  });

  it('is the classes of one question, too, however few rows they have', () => {
    const emotions = ['happy', 'sad', 'angry', 'neutral'];
    expect(isClosedSet(emotions.map((label) => row(label)))).toBe(true);
    expect(isClosedSet(emotions.map((label) => row(label, undefined, 'Which emotion?')))).toBe(true);
    expect(isClosedSet(Array.from({ length: 13 }, (_, i) => row(`name ${i}`)))).toBe(false);
  });

  it('has no free text', () => {
    const text = 'a man smiles at a dog';
    expect(isClosedSet([text, text, 'sad', 'sad'].map((label) => row(label)))).toBe(false);
  });

  it('has no row that says another kind of itself', () => {
    const letters = ['A', 'B', 'A', 'B'];
    expect(isClosedSet(letters.map((label) => row(label)))).toBe(true);
    expect(isClosedSet(letters.map((label) => row(label, { options: ['A. yes', 'B. no'] })))).toBe(false);
  });

  it('has the labels in the order of the rows', () => {
    expect(scoringOf(asked(['sad', 'happy', 'sad', 'happy']), 'auto')).toEqual({ labels: ['sad', 'happy'] });
  });
});

// Column and words: TASKS, problem_type of Video-R1 and HumanOmniV2.
it.each([
  ['multiple choice', 'B', 'choice'],
  ['numerical', '1,000', 'number'],
  ['OCR', 'STOP', 'wer'],
  ['free-form', 'a man smiles', 'rouge_l'],
  ['regression', '3.5', 'regression'],
  ['emer_ov', 'happy, calm', 'set_f1'],
  ['emer_ov_mc', 'A,C', 'set_f1'],
  ['judge', 'Yes', 'yes_no'],
  ['temporal grounding', '3 to 5', 'span_iou'],
  // What the answer does not bear out is compared by its form.
  ['numerical', 'three', 'exact'],
  ['judge', 'maybe', 'exact'],
  ['a new kind', 'three', 'exact'],
])('problem_type %j of the answer %j is scored as %s', (type, label, kind) => {
  expect(kindsOf([row(label, { problem_type: type }, 'a?'), row('x y', undefined, 'b?')])[0]).toBe(kind);
});

describe('options', () => {
  it.each([
    [{ options: ['A. Calm', 'B. Sad'] }, ['A. Calm', 'B. Sad']],
    [{ Choices: { A: 'Calm', B: 'Sad' } }, ['A. Calm', 'B. Sad']],
    [{ candidates: '["Calm", "it\'s sad"]' }, ['Calm', "it's sad"]],
    [{ A: 'Calm', B: 'Sad' }, ['A. Calm', 'B. Sad']],
    [{ options: [] }, []],
    // No prompt can show these: the row is not asked.
    [{ options: 'none' }, []],
    [undefined, []],
  ])('of %j', (columns, options) => {
    const scoring = scoringOf([row('B', columns)], 'choice') as { rowOf(row: AskedRow): ScoredRow };
    expect(scoring.rowOf(row('B', columns)).options).toEqual(options);
  });

  it('make a row multiple choice where its answer is one of them, and a set where it is several', () => {
    const options = ['A. Calm', 'B. Sad', 'C. Happy'];
    const kinds = kindsOf(['B', 'sad', 'A,C', 'angry'].map((label) => row(label, { options })));
    expect(kinds).toEqual(['choice', 'choice', 'set_f1', 'exact']);
  });
});

it.each([
  [['1', '2.5', '1,000', '$7'], 'number'],
  [['1', 'two'], 'exact'],
  [['3 - 5', '[1.5, 2]'], 'span_iou'],
  [["['happy']", "['sad', 'calm']"], 'set_f1'],
  [['happy, calm', 'calm, sad', 'happy'], 'exact'],
  [['happy, calm', 'calm, sad', 'happy, sad', 'sad'], 'set_f1'],
  [['Paris, France', 'Rome, Italy', 'Oslo, Norway'], 'exact'],
  [['a man in a red coat smiles at his dog', 'a woman laughs loudly while the rain falls on her'], 'rouge_l'],
  [[], 'exact'],
])('without a type answers of the form %j are scored as %s', (answers, kind) => {
  expect(kindByForm(answers)).toBe(kind);
});

it('a mixed data set has each kind; rows that say nothing go by the form of their own answers', () => {
  const mixed = [
    row('B', { problem_type: 'multiple choice' }),
    row('STOP', { problem_type: 'OCR' }),
    row('7', {}, 'a?'),
    row('8', {}, 'b?'),
  ];
  expect(kindsOf(mixed)).toEqual(['choice', 'wer', 'number', 'number']);
});

describe('evalMetric', () => {
  it('scores every row alike, but those whose answer is not of that kind exactly', () => {
    const all = [row('7', { problem_type: 'OCR' }), row('seven')];
    expect(kindsOf(all, 'contains')).toEqual(['contains', 'contains']);
    expect(kindsOf(all, 'number')).toEqual(['number', 'exact']);
    expect(kindsOf(all, 'rewards/accuracy')).toEqual(['rewards/accuracy', 'rewards/accuracy']);
  });

  it('keeps the options and columns of a row', () => {
    const options = ['A. Calm', 'B. Sad'];
    const scoring = scoringOf([row('B', { options })], 'auto') as { rowOf(row: AskedRow): ScoredRow };
    const read = { kind: 'choice', gold: 'B', options, columns: { options } };
    expect(scoring.rowOf(row('B', { options }))).toEqual(read);
  });

  it('takes labels in any case, up to as many as a table of confusions can have', () => {
    expect(kindsOf(asked(['a b c d e', 'f']), 'labels')).toBe('labels');
    const many = asked(Array.from({ length: 1001 }, (_, i) => `word ${i}`));
    expect(() => scoringOf(many, 'labels')).toThrow(
      'evalMetric is labels, but the rows have 1001 different answers; expected at most 1000.',
    );
  });
});
