/** Answers that are numbers of options become letters, by where their list shows that it counts from. */
import { expect, it } from 'vitest';
import { clips, lines, read } from './reading.ts';

const OPTIONS = ['red', 'green', 'blue'];
const labels = async (rows: readonly object[], answers = {}) =>
  (await read({ 'x.jsonl': lines(...rows) }, { answers })).examples.map(
    ({ label, answer }) => `${label} ${answer}`,
  );
const asking = (row: object, i: number) => ({ question: `What is ${i}?`, ...row });

it.each<[string, object[], string[]]>([
  [
    'from 0, as one is',
    [
      { choices: OPTIONS, answer: 0 },
      { choices: OPTIONS, answer: '2' },
    ],
    ['A A', 'C C'],
  ],
  [
    'from 1, as one is the last',
    [
      { options: OPTIONS, answer: 1 },
      { options: OPTIONS, answer: 3 },
    ],
    ['A A', 'C C'],
  ],
  [
    'by the names of columns',
    [
      { a0: 'red', a1: 'green', answer: 1 },
      { a0: 'x', a1: 'y', answer: 1 },
    ],
    ['B B', 'B B'],
  ],
  ['of columns from 1', [{ option_1: 'red', option_2: 'green', correct_option: 2 }], ['B B']],
  ['of columns with spaces', [{ 'option 0': 'red', 'option 1': 'green', truth: 0 }], ['A A']],
  ['in tags', [{ options: OPTIONS, solution: '<answer>0</answer>' }], ['A <answer>A</answer>']],
  ['beside their words, which count', [{ options: OPTIONS, answer: 'green', answer_id: 1 }], ['green green']],
  ['that are options themselves', [{ options: ['3', '5'], answer: 3 }], ['3 3']],
  ['of numbered options', [{ options: ['1. red', '2. green'], answer: 1 }], ['1 1']],
  [
    'among other answers',
    [
      { options: OPTIONS, answer: 0 },
      { options: OPTIONS, answer: 'none' },
    ],
    ['0 0', 'none none'],
  ],
  ['beyond the options', [{ options: OPTIONS, answer: 7 }], ['7 7']],
])('%s', async (_, rows, said) => {
  expect(await labels(rows.map(asking))).toEqual(said);
});

it('asked where both fit', async () => {
  const rows = [1, 2, 2].map((answer, i) => asking({ options: OPTIONS, answer }, i));
  const { asks } = await read({ 'x.jsonl': lines(...rows) });
  expect(asks).toMatchObject([
    {
      what: 'options',
      choices: [
        { choice: '0', rows: 3, example: '1 is "green"' },
        { choice: '1', rows: 3, example: '1 is "red"' },
      ],
    },
  ]);
  expect(await labels(rows, { options: '1' })).toEqual(['A A', 'B B', 'B B']);
});

it('in a table about clips, as NExT-QA has them', async () => {
  const table =
    'video,question,answer,type,a0,a1,a2\n1001,why?,0,CW,red,green,blue\n1002,how?,2,CH,red,green,blue\n';
  const { examples, asks } = await read({
    ...clips('videos/1001.mp4', 'videos/1002.mp4'),
    'train.csv': table,
  });
  expect([asks, examples.map(({ id, label }) => `${id} ${label}`)]).toEqual([
    [],
    ['videos/1001.mp4 A', 'videos/1002.mp4 C'],
  ]);
  expect(examples[0]!.columns).toMatchObject({ options: OPTIONS });
});
