/** Tables whose headers say nothing that is known: what asks and what answers is asked, and read as it is chosen. */
import { expect, it } from 'vitest';
import { clips, lines, messages, read } from './reading.ts';

const choices = ({ asks }: Awaited<ReturnType<typeof read>>) =>
  asks.map(({ what, choices: all }) => [what, ...all.map(({ choice }) => choice)]);
const said = ({ examples }: Awaited<ReturnType<typeof read>>) =>
  examples.map(({ id, question, answer }) => `${id} ${question} ${answer}`);

it('of questions without clips, as a table and as lines', async () => {
  const table = { 'x.csv': 'frage,antwort\nwas ist das,ein Hund\nwer ist das,eine Katze\n' };
  const rows = {
    'x.jsonl': lines(
      { frage: 'was ist das', antwort: 'ein Hund' },
      { frage: 'wer ist das', antwort: 'eine Katze' },
    ),
  };
  for (const [contents, names] of [
    [table, ['x.csv:2', 'x.csv:3']],
    [rows, ['x.jsonl:1', 'x.jsonl:2']],
  ] as const) {
    expect(choices(await read(contents))).toEqual([
      ['question', 'frage', 'antwort'],
      ['label', 'frage', 'antwort'],
    ]);
    const data = await read(contents, { answers: { question: 'frage', label: 'antwort' } });
    expect([said(data), data.asks]).toEqual([
      [`${names[0]} was ist das ein Hund`, `${names[1]} wer ist das eine Katze`],
      [],
    ]);
    expect(said(await read(contents, { columns: { question: 'frage', answer: 'antwort' } }))).toHaveLength(2);
  }
});

it('of which one half is known, the other is asked', async () => {
  expect(choices(await read({ 'x.csv': 'frage,answer\nwas ist das,Hund\nwer ist das,Katze\n' }))).toEqual([
    ['question', 'frage'],
  ]);
  expect(choices(await read({ 'x.csv': 'question,antwort\nwas ist das,Hund\nwer ist das,Katze\n' }))).toEqual(
    [['label', 'antwort']],
  );
});

it('of clips, each with a question or with none', async () => {
  const set = {
    ...clips('a.mp4', 'b.mp4'),
    'x.csv': 'clipref,ask,reply\na,what is seen here,a red ball\nb,who is heard here,a small child\n',
  };
  expect(choices(await read(set))).toEqual([
    ['question', 'ask', 'reply', 'none'],
    ['label', 'ask', 'reply'],
  ]);
  expect(said(await read(set, { answers: { question: 'ask', label: 'reply' } }))).toEqual([
    'a.mp4 what is seen here a red ball',
    'b.mp4 who is heard here a small child',
  ]);
  expect(said(await read(set, { answers: { question: 'none', label: 'reply' } }))).toEqual([
    'a.mp4 null a red ball',
    'b.mp4 null a small child',
  ]);
});

it('of recordings with what is said in them, the text is offered as the answer', async () => {
  const set = {
    ...clips('1.wav', '2.wav'),
    'metadata.csv': 'file_name,transcription\n1.wav,good morning all\n2.wav,good night\n',
  };
  expect(choices(await read(set))).toEqual([['label', 'transcription']]);
  expect(said(await read(set, { answers: { label: 'transcription' } }))).toEqual([
    '1.wav null good morning all',
    '2.wav null good night',
  ]);
});

it('a table of numbers asks nothing, and beside a list that is read nothing is asked', async () => {
  expect((await read({ 'x.csv': 'x,y\n1,2\n3,4\n' })).asks).toEqual([]);
  const beside = await read({
    ...clips('a.mp4', 'b.mp4'),
    'x.csv': 'name,chinese\na,你好 你好\nb,再见 再见\n',
    'y.csv': 'path,label\na.mp4,x\nb.mp4,y\n',
  });
  expect([beside.asks, said(beside)]).toEqual([[], ['a.mp4 null x', 'b.mp4 null y']]);
  expect(messages(beside)).toMatch(/x\.csv/);
});
