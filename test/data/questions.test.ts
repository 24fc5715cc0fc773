/** Data sets without clips: rows that ask by themselves. */
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { demandExamples } from '../../src/data/refusal.ts';
import { summarise } from '../../src/data/summary.ts';
import type { Dataset } from '../../src/data/types.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';

const read = (contents: Record<string, string | Uint8Array<ArrayBuffer>>): Promise<Dataset> =>
  readDataset(treeFromMemory('set', contents), { seed: 1 });
const lines = (...rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const user = (content: unknown) => ({ role: 'user', content });
const said = ({ examples }: Dataset) =>
  examples.map(({ question, system, label, answer }) => ({
    ...{ question, label, answer },
    ...(system === undefined ? {} : { system }),
  }));

describe('rows that ask without a clip', () => {
  it.each([
    [{ question: 'Q?', answer: 'A' }, {}],
    [{ problem: ' Q? ', solution: '<answer> A </answer>' }, { answer: '<answer> A </answer>' }],
    [{ prompt: 'Q?', label: 'A', system: 'Be brief.' }, { system: 'Be brief.' }],
    [
      { messages: [{ role: 'system', content: 'Be brief.' }, user('Q?')], answer: 'A' },
      { system: 'Be brief.' },
    ],
    [{ messages: [user('first'), { role: 'assistant', content: 'x' }, user('Q?')], answer: 'A' }, {}],
    [{ messages: [user('Q?'), { role: 'assistant', content: 'A' }] }, {}],
    [{ prompt: [user([{ type: 'text', text: 'Q?' }])], reward_model: { ground_truth: 'A' } }, {}],
    [{ prompt: [user('Q?')], completion: [{ role: 'assistant', content: 'A' }] }, {}],
    [
      {
        conversations: [
          { from: 'human', value: 'Q?' },
          { from: 'gpt', value: 'A' },
        ],
      },
      {},
    ],
    [{ system: 'Be brief.', messages: [user('Q?')], answer: 'A' }, { system: 'Be brief.' }],
    [
      { system: 'x', messages: [{ role: 'system', content: 'Be brief.' }, user('Q?')], answer: 'A' },
      { system: 'Be brief.' },
    ],
    [{ question: 'Q?', answer: 'Two and two.\n#### A' }, { answer: 'Two and two.\n#### A' }],
    [{ name: 'mathematics', question: 'Q?', solution: 'the way', answer: 'A' }, {}],
  ])('%j', async (row, more) => {
    const data = await read({ 'data.jsonl': lines(row) });
    expect(data.kind).toBe('questions');
    expect(data.issues).toEqual([]);
    expect(said(data)).toEqual([{ question: 'Q?', label: 'A', answer: 'A', ...more }]);
    expect(data.examples[0]).toMatchObject({ id: 'data.jsonl:1' });
    expect(data.examples[0]).not.toHaveProperty('files');
  });

  it('may be a table, or a list, with numbers and truth values as answers', async () => {
    const table = await read({ 'a.csv': 'question,answer\n"Which, 3 or 7?",7\n' });
    expect(said(table)).toEqual([{ question: 'Which, 3 or 7?', label: '7', answer: '7' }]);
    const list = await read({
      'a.json': JSON.stringify([
        { question: 'P?', answer: 7 },
        { question: 'Q?', answer: true },
      ]),
    });
    expect(list.examples.map(({ label }) => label)).toEqual(['7', 'true']);
  });

  it('keep answers as they are written, which of clips become one spelling', async () => {
    const data = await read({
      'data.jsonl': lines({ question: 'P?', answer: 'US' }, { question: 'Q?', answer: 'us' }),
    });
    expect(data.examples.map(({ label }) => label)).toEqual(['US', 'us']);
  });

  it.each([
    [{ answer: 'A' }, 'no question', /^No question: none of question, problem, prompt, messages/],
    [
      { messages: [{ role: 'system', content: 'x' }], answer: 'A' },
      'no question',
      /no turn of the chat is of the user/,
    ],
    [{ question: 'Q?' }, 'no answer', /^No answer: none of answer, solution, label/],
    [{ question: 'Q?', answer: 'NaN' }, 'no answer', /No answer/],
    [
      { question: '<image>Q?', answer: 'A' },
      'row malformed',
      /asks about a clip \(<image>\), but names none/,
    ],
    [
      { prompt: [user([{ type: 'image' }])], answer: 'A' },
      'row malformed',
      /asks about a clip \(<image>\), but names none/,
    ],
    [{ question: 'Q?', answer: 'A', split: 'odd' }, 'row malformed', /Unknown split "odd"/],
    [{ question: 'first', answer: 'x' }, 'row repeated', /"first" with the label "x" is already row 1/],
    [
      { question: 'first', answer: 'y' },
      'label contradicted',
      /"first" is "x" in row 1 of data\.jsonl and "y" here/,
    ],
    [{ video: 'a.mp4', label: 'sad' }, 'clip missing', /The clip a\.mp4 is not in the folder/],
  ])('are left out one by one: %j', async (row, reason, message) => {
    const data = await read({ 'data.jsonl': lines({ question: 'first', answer: 'x' }, row) });
    expect(data.examples.length).toBe(1);
    expect(data.issues).toMatchObject([{ reason, row: 2, message: expect.stringMatching(message) }]);
  });

  it('may stand among rows about clips; one that leaves its clip out is named', async () => {
    const data = await read({
      'a.mp4': new Uint8Array([1]),
      'data.jsonl': lines(
        { path: 'a.mp4', label: 'sad' },
        { question: 'Q?', answer: 'A' },
        { path: '', question: 'P?', answer: 'A' },
        { film: 'gone.mp4', question: 'R?', answer: 'A' },
        { answer: 'A' },
        { path: null, question: 'S?', answer: 'B' },
        { video_id: 7, question: 'T?', answer: 'C' },
      ),
    });
    expect(data.kind).toBe('clips');
    expect(data.examples.map(({ id, label, media }) => [id, label, media.length])).toEqual([
      ['a.mp4', 'sad', 1],
      ['data.jsonl:2', 'A', 0],
      ['data.jsonl:6', 'B', 0],
    ]);
    expect(data.issues.map(({ row }) => row)).toEqual([3, 4, 5, 7]);
    for (const { message } of data.issues) expect(message).toMatch(/^No clip: none of video/);
  });

  it('of a list of clips that were not dropped stay clips', async () => {
    const data = await read({ 'data.jsonl': lines({ video: 'a', question: 'Which?', label: 'sad' }) });
    expect(data.kind).toBe('clips');
    expect(data.issues).toMatchObject([{ reason: 'clip missing' }]);
  });
});

describe('splits', () => {
  const rows = (first: number, count: number, more: object = {}) =>
    Array.from({ length: count }, (_, i) => ({
      question: `Q${first + i}?`,
      answer: String(first + i),
      ...more,
    }));
  const counts = ({ examples }: Dataset) =>
    (['train', 'val', 'test'] as const).map(
      (split) => examples.filter((example) => example.split === split).length,
    );

  it('come from a column, or from the names of files', async () => {
    const column = [...rows(0, 3), ...rows(3, 2, { split: 'dev' }), ...rows(5, 1, { split: 'test' })];
    expect(counts(await read({ 'all.jsonl': lines(...column) }))).toEqual([3, 2, 1]);
    const files = { 'train.jsonl': lines(...rows(0, 4)), 'test.jsonl': lines(...rows(4, 2)) };
    expect(counts(await read(files))).toEqual([4, 0, 2]);
  });

  it('else are a tenth each, though every answer is another', async () => {
    const data = await read({ 'all.jsonl': lines(...rows(0, 40)) });
    expect(counts(data)).toEqual([32, 4, 4]);
    expect(data.division).toBe('By question, seed 1: a tenth each for val and test.');
    expect(counts(await read({ 'all.jsonl': lines(...rows(0, 40)) }))).toEqual(counts(data));
  });
});

it('the summary shows what each row asks', async () => {
  const summary = summarise(await read({ 'a.jsonl': lines({ question: 'Q?', answer: 'A' }) }));
  expect(summary).toMatchObject({ kind: 'questions', count: 1, questions: { rows: 0 } });
  expect(summary.examples).toEqual([
    { id: 'a.jsonl:1', path: 'a.jsonl:1', question: 'Q?', label: 'A', split: 'train' },
  ]);
});

it('a folder in which no row can be used is refused with the first reason', async () => {
  const contents = { 'a.jsonl': lines({ question: 'Q?' }) };
  const data = await read(contents);
  expect(() => demandExamples(data, treeFromMemory('set', contents))).toThrow(
    /none of 1 row can be used\. a\.jsonl row 1: No answer/,
  );
});

it('counts the rows that tell their kind as Video-R1 does, by the names that it has', async () => {
  const types = ['multiple choice', 'OCR', 'toString', 'emer_ov_mc', undefined];
  const rows = types.map((problem_type, at) => ({ question: `Q${at}?`, answer: 'A', problem_type }));
  const data = await read({ 'a.jsonl': lines(...rows) });
  expect(summarise(data)).toMatchObject({ count: 5, typedRows: 2 });
});
