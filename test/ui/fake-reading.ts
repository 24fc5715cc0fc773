/** How the pretended worker has read a data set of two lists with more than one column of labels. */
import type { CommandOf, DataSummary } from '../../src/protocol/messages.ts';
import type { Ask } from '../../src/protocol/reading.ts';

const ASKS: readonly Ask[] = [
  {
    what: 'list',
    question: 'Two lists are about the same clips and say different things of them. Which one is meant?',
    choices: [
      {
        choice: 'EMER_rewrite.json',
        rows: 232,
        example:
          'Which emotion is the most obvious? → <think>In the video, a man in a dark suit frowns …</think>',
      },
      { choice: 'rlvr.json', rows: 9371, example: 'Which emotion is the most obvious? → angry' },
    ],
  },
  {
    what: 'label',
    question: 'Which column is the label? emotion and label do not say the same.',
    choices: [
      { choice: 'emotion', rows: 9603, example: 'angry, sad, happy, neutral' },
      { choice: 'label', rows: 9603, example: '0, 1, 2' },
    ],
  },
];

/** Reads with what the command chose; what it left is asked. */
export function fakeReading(command: Partial<CommandOf<'openData'>>): NonNullable<DataSummary['reading']> {
  const { columns = {}, answers = {} } = command;
  const names = ['video', 'conversations', 'emotion', 'label', 'speaker'];
  const taken = { media: 'video', question: 'conversations', answer: answers.label ?? 'emotion', ...columns };
  const asks = ASKS.map((ask) => (answers[ask.what] ? { ...ask, chosen: answers[ask.what]! } : ask));
  return {
    lists: ['EMER_rewrite.json', 'rlvr.json'].map((file) => ({ file, names, taken })),
    chosen: columns,
    asks: asks.filter(({ chosen }) => chosen === undefined),
    answered: asks.filter(({ chosen }) => chosen !== undefined),
  };
}
