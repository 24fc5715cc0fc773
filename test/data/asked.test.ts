/** How a data set was read: columns that a person chose, and what is asked where it could be meant in several ways. */
import { describe, expect, it, test } from 'vitest';
import { isNote } from '../../src/protocol/messages.ts';
import type { Ask } from '../../src/protocol/reading.ts';
import { clips, found, messages, read, reasons, withSpeakers, withSplits } from './reading.ts';

const FILES = clips('a.mp4', 'b.mp4', 'c.mp4');
const choices = (asks: readonly Ask[]) =>
  asks.map(({ what, choices: all }) => [what, ...all.map(({ choice, rows }) => `${choice} ${rows}`)]);

describe('columns that a person chose', () => {
  const table = {
    ...FILES,
    'x.csv': 'file,label,feeling,who,part,other\na.mp4,1,happy,A,train,b.mp4\nb.mp4,2,sad,B,test,a.mp4\n',
  };

  it('win over those that would be taken, and are told', async () => {
    const chosen = await read(table, {
      columns: { answer: 'label', speaker: 'who', split: 'part', media: 'other' },
    });
    expect(withSplits(chosen)).toEqual(['b.mp4 1 train', 'a.mp4 2 test']);
    expect(withSpeakers(chosen)).toEqual(['b.mp4 1 A', 'a.mp4 2 B']);
    expect(chosen.columns).toEqual({ answer: 'label', speaker: 'who', split: 'part', media: 'other' });
    const plain = await read(table);
    expect([found(plain), plain.columns]).toEqual([
      ['a.mp4 happy', 'b.mp4 sad'],
      { media: 'file', answer: 'feeling', split: 'part' },
    ]);
    expect(plain.lists).toMatchObject([
      { file: 'x.csv', names: ['file', 'label', 'feeling', 'who', 'part', 'other'] },
    ]);
  });

  it('of media win over those of any kind', async () => {
    const item = { videos: ['a.mp4'], image: 'b.mp4', other: 'c.mp4', label: 'sad' };
    const set = { ...FILES, 'x.json': JSON.stringify([item]) };
    expect(found(await read(set, { columns: { media: 'other' } }))).toEqual(['c.mp4 sad']);
  });

  it('of two kinds are told by their kinds', async () => {
    const files = { ...FILES, ...clips('a.wav') };
    const data = await read({ ...files, 'x.json': '[{"video": "a.mp4", "audio": "a.wav", "label": "sad"}]' });
    expect(data.columns).toEqual({ video: 'video', audio: 'audio', answer: 'label' });
  });

  it('say the question, the answer and the system message of a chat, too', async () => {
    const item = {
      video: 'a.mp4',
      conversations: [
        { from: 'human', value: '<video>\nWhat?' },
        { from: 'gpt', value: 'sad' },
      ],
      Gold: 'happy',
      ask: 'Which feeling?',
    };
    const set = { ...FILES, 'x.json': JSON.stringify([item]) };
    const { examples } = await read(set, { columns: { answer: 'gold', question: 'ask' } });
    expect(examples).toMatchObject([
      { label: 'happy', answer: 'happy', question: 'Which feeling?', columns: item },
    ]);
    const text = {
      'x.jsonl':
        '{"messages": [{"role": "user", "content": "2+2?"}], "answer": "5", "right": 4, "tone": "Be short."}',
    };
    const asked = await read(text, { columns: { answer: 'right', system: 'tone' } });
    expect(asked.examples).toMatchObject([{ question: '2+2?', answer: '4', system: 'Be short.' }]);
  });

  it('make a table readable whose header names none that is known', async () => {
    const set = { 'x.csv': 'frage,antwort\n1+1?,2\n2+2?,4\n' };
    expect((await read(set)).examples).toEqual([]);
    const { examples } = await read(set, { columns: { question: 'frage', answer: 'antwort' } });
    expect(examples.map(({ question, answer }) => `${question} ${answer}`)).toEqual(['1+1? 2', '2+2? 4']);
  });

  it.each([
    [table, { answer: 'gefühl' }, /"gefühl".*the answer: x\.csv has file, label, feeling, who, part, other/],
    [clips('happy/a.mp4', 'sad/b.mp4'), { media: 'path' }, /"path".*no list with columns/],
  ])('that there are not are refused, and those that there are named', async (set, columns, message) => {
    await expect(read(set, { columns })).rejects.toThrow(message);
  });
});

describe('two lists about the same clips that differ', () => {
  const row = (video: string, answer: string) => ({
    video,
    conversations: [
      { from: 'human', value: 'What?' },
      { from: 'gpt', value: answer },
    ],
  });
  const thought = (label: string) => `<think>Hm.</think><answer>${label}</answer>`;
  const set = {
    ...FILES,
    'cold/start.json': JSON.stringify([row('a.mp4', thought('sad')), row('b.mp4', thought('happy'))]),
    'rlvr.json': JSON.stringify(
      ['a.mp4', 'b.mp4', 'c.mp4'].map((path) => row(path, path === 'a.mp4' ? 'sad' : 'happy')),
    ),
  };

  it('are asked about, and the one that is chosen is read', async () => {
    const open = await read(set);
    expect(choices(open.asks)).toEqual([['list', 'cold/start.json 2', 'rlvr.json 3']]);
    const rlvr = await read(set, { answers: { list: 'rlvr.json' } });
    expect([rlvr.asks, rlvr.answered.map(({ chosen }) => chosen), reasons(rlvr)]).toEqual([
      [],
      ['rlvr.json'],
      ['file set aside'],
    ]);
    expect(rlvr.examples.map(({ answer }) => answer)).toEqual(['sad', 'happy', 'happy']);
    const cold = await read(set, { answers: { list: 'start.json' } });
    expect(cold.examples.map(({ answer }) => answer)).toEqual([thought('sad'), thought('happy')]);
  });

  it('are not asked about where they say the same, or have few clips in common', async () => {
    const same = await read({
      ...FILES,
      'all.csv': 'path,label\na.mp4,sad\nb.mp4,sad\n',
      'part.csv': 'path,label\na.mp4,sad\n',
    });
    expect([same.asks, reasons(same)]).toEqual([[], ['lists overlap']]);
    const many = clips('1.mp4', '2.mp4', '3.mp4', '4.mp4', '5.mp4');
    const list = (...names: number[]) => `path,label\n${names.map((n) => `${n}.mp4,x${n}`).join('\n')}\n`;
    const few = await read({
      ...many,
      'train.csv': list(1, 2, 3),
      'test.csv': list(3, 4, 5).replace('x3', 'y'),
    });
    expect([few.asks, reasons(few)]).toEqual([[], ['label contradicted']]);
  });

  it('of which each asks something else can all be taken, each row with its own question', async () => {
    const other = JSON.stringify([
      {
        ...row('a.mp4', 'A'),
        conversations: [
          { from: 'human', value: 'How?' },
          { from: 'gpt', value: 'A' },
        ],
      },
      row('c.mp4', 'happy'),
    ]);
    const open = await read({ ...set, 'rlvr.json': other });
    expect(choices(open.asks)).toEqual([['list', 'cold/start.json 2', 'rlvr.json 2', 'all 4']]);
    const all = await read({ ...set, 'rlvr.json': other }, { answers: { list: 'all' } });
    expect(all.asks).toEqual([]);
    expect(all.examples.map(({ question, label }) => `${question} ${label}`)).toEqual([
      'What? sad',
      'What? happy',
      'How? A',
      'What? happy',
    ]);
  });

  it('of which one gives another split are asked about', async () => {
    const list = 'path,label\na.mp4,sad\nb.mp4,sad\nc.mp4,happy\n';
    expect(choices((await read({ ...FILES, 'train.csv': list, 'test.csv': list })).asks)).toEqual([
      ['list', 'test.csv 3', 'train.csv 3'],
    ]);
  });
});

describe('several columns that could be the label', () => {
  const labels = (header: string, ...rows: string[]) => ({
    ...FILES,
    'x.csv': `path,${header}\n${rows.map((row, i) => `${'abc'[i % 3]}.mp4,${row}`).join('\n')}\n`,
  });

  it.each([
    [
      'a number that is no code of the word',
      labels('label,emotion', '0,happy', '0,sad', '1,sad'),
      ['label', 'emotion 3', 'label 3'],
    ],
    [
      'two words',
      labels('label,emotion', 'positive,happy', 'negative,sad', 'negative,angry'),
      ['label', 'label 3', 'emotion 3'],
    ],
    [
      'two that only their words tell',
      labels('shown,felt', 'happy,sad', 'sad,sad', 'angry,happy'),
      ['label', 'shown 3', 'felt 3'],
    ],
    ['two numbers', labels('label,class', '0,1', '0,2', '1,1'), ['label', 'label 3', 'class 3']],
  ])('%s: asked', async (_, set, expected) => {
    const { asks } = await read(set);
    expect(choices(asks)).toEqual([expected]);
    for (const { choice } of asks[0]!.choices) {
      const answered = await read(set, { answers: { label: choice } });
      expect([answered.asks, answered.columns.answer]).toEqual([[], choice]);
      const column = set['x.csv'].split('\n')[0]!.split(',').indexOf(choice);
      expect(answered.examples.map(({ label }) => label)).toEqual(
        set['x.csv']
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => line.split(',')[column]),
      );
    }
  });

  it.each([
    ['a code of the word', labels('label,emotion', '3,happy', '4,sad', '4,sad'), 'emotion'],
    ['a score', labels('label,annotation', '-0.8,Negative', '0.4,Positive', '-0.2,Negative'), 'annotation'],
    ['the same word', labels('label,answer', 'Happy,<answer>happy</answer>', 'sad,sad', 'sad,Sad'), 'label'],
    [
      'sentiment beside emotion',
      labels('sentiment,emotion', 'positive,joy', 'negative,anger', 'negative,fear'),
      'emotion',
    ],
    ['a column that says one thing', labels('label,class', 'happy,clip', 'sad,clip', 'sad,clip'), 'label'],
  ])('%s: one is plainly right', async (_, set, column) => {
    const data = await read(set);
    expect([data.asks, data.columns.answer]).toEqual([[], column]);
    expect(data.format).toMatch(/not /);
  });

  it('of which none has a name that says so: asked, unless another list can be read', async () => {
    const set = labels('gefühl,takt,wer', 'froh,1,A', 'traurig,1,B', 'traurig,1,B');
    const open = await read(set);
    expect(choices(open.asks)).toEqual([['label', 'gefühl 3', 'wer 3']]);
    expect(found(await read(set, { answers: { label: 'gefühl' } }))).toEqual([
      'a.mp4 froh',
      'b.mp4 traurig',
      'c.mp4 traurig',
    ]);
    const beside = { ...set, 'known.csv': 'path,label\na.mp4,sad\nb.mp4,happy\n' };
    expect([(await read(beside)).asks, found(await read(beside))]).toEqual([
      [],
      ['a.mp4 sad', 'b.mp4 happy'],
    ]);
  });

  it('of questions without a clip, and what asks them', async () => {
    const set = {
      'x.jsonl': [
        '{"question": "1+1?", "prompt": "Think. 1+1?", "answer": "2", "target": "B"}',
        '{"question": "1+2?", "prompt": "Think. 1+2?", "answer": "3", "target": "B"}',
      ].join('\n'),
    };
    expect(choices((await read(set)).asks)).toEqual([
      ['question', 'question 2', 'prompt 2'],
      ['label', 'answer 2', 'target 2'],
    ]);
    const { examples, asks } = await read(set, { answers: { question: 'prompt', label: 'target' } });
    expect([asks, examples.map(({ question, answer }) => `${question} ${answer}`)]).toEqual([
      [],
      ['Think. 1+1? B', 'Think. 1+2? B'],
    ]);
    const math =
      '{"problem": "1+1?", "solution": "It is 2.", "answer": "2"}\n{"problem": "1+2?", "solution": "So 3.", "answer": "3"}';
    expect((await read({ 'x.jsonl': math })).asks).toEqual([]);
  });
});

describe('parts of a recording', () => {
  const parts = ({ examples }: Awaited<ReturnType<typeof read>>) =>
    examples.map(({ label, media: [medium] }) => `${medium?.path} ${medium?.start}-${medium?.end} ${label}`);

  it('of which several rows are about one are taken, in seconds or by the clock', async () => {
    const table =
      'path,start_time,end_time,label\na.mp4,0,1.5,sad\na.mp4,1.5,00:00:03,happy\nb.mp4,"0:01:02,5",63,sad\nb.mp4,64,65,sad\n';
    const data = await read({ ...FILES, 'x.csv': table });
    expect([data.asks, parts(data)]).toEqual([
      [],
      ['a.mp4 0-1.5 sad', 'a.mp4 1.5-3 happy', 'b.mp4 62.5-63 sad', 'b.mp4 64-65 sad'],
    ]);
    expect(data.columns).toEqual({ media: 'path', answer: 'label', start: 'start_time', end: 'end_time' });
  });

  it('of a file each are asked about: it may have been cut already', async () => {
    const set = {
      ...FILES,
      'x.json':
        '[{"video": "a.mp4", "start": 2, "end": 4, "label": "sad"}, {"video": "b.mp4", "start": 1, "end": 2, "label": "happy"}]',
    };
    expect(choices((await read(set)).asks)).toEqual([['part', 'part 2', 'whole 2']]);
    const part = await read(set, { answers: { part: 'part' } });
    expect([part.asks, parts(part)]).toEqual([[], ['a.mp4 2-4 sad', 'b.mp4 1-2 happy']]);
    expect(parts(await read(set, { answers: { part: 'whole' } }))).toEqual([
      'a.mp4 undefined-undefined sad',
      'b.mp4 undefined-undefined happy',
    ]);
  });

  it('by columns that a person chose, and rows whose times are none are left out by name', async () => {
    const table = 'path,von,bis,label\na.mp4,1,2,sad\nb.mp4,3,x,sad\nc.mp4,3,2,sad\n';
    const data = await read({ ...FILES, 'x.csv': table }, { columns: { start: 'von', end: 'bis' } });
    expect(parts(data)).toEqual(['a.mp4 1-2 sad']);
    expect(data.issues.map(({ row, message }) => `${row} ${message}`)).toEqual([
      expect.stringMatching(/^3 Its end, "bis", is "x"; expected seconds/),
      expect.stringMatching(/^4 c\.mp4 from 3 to 2 s: expected a part/),
    ]);
  });
});

it('columns of raters who are named after what they rate are raters', async () => {
  const table = 'clip,emotion_rater1,emotion_rater2,emotion_rater3\na,sad,sad,happy\nb,sad,sad,sad\n';
  const { asks } = await read({ ...clips('a.mp4', 'b.mp4'), 'x.csv': table });
  expect(choices(asks)).toEqual([['raters', 'majority 2', 'unanimous 1']]);
});

describe('raters', () => {
  const rows = 'a.mp4,sad\na.mp4,happy\na.mp4,happy\nb.mp4,sad\nb.mp4,sad\nc.mp4,sad\nc.mp4,angry\n';
  const columns =
    'path,rater_1,rater_2,rater_3\na.mp4,happy,sad,happy\nb.mp4,sad,sad,sad\nc.mp4,sad,angry,\n';

  it.each([
    ['a row each', `path,label\n${rows}`],
    ['a column each', columns],
  ])('with %s that disagree: asked whether most or all decide', async (_, table) => {
    const set = { ...FILES, 'x.csv': table };
    expect(choices((await read(set)).asks)).toEqual([['raters', 'majority 2', 'unanimous 1']]);
    const most = await read(set, { answers: { raters: 'majority' } });
    expect([most.asks, found(most)]).toEqual([[], ['a.mp4 happy', 'b.mp4 sad']]);
    const all = await read(set, { answers: { raters: 'unanimous' } });
    expect([all.asks, found(all)]).toEqual([[], ['b.mp4 sad']]);
    expect(reasons(all).filter((reason) => reason === 'raters disagree')).toHaveLength(2);
    expect(messages(all)).toMatch(/all/);
  });

  it('who agree are not asked about', async () => {
    const set = { ...FILES, 'x.csv': 'path,rater_1,rater_2\na.mp4,happy,happy\nb.mp4,sad,sad\n' };
    expect((await read(set)).asks).toEqual([]);
  });
});

test('folders of which several levels may be the labels: asked, and the one that is chosen is read', async () => {
  const set = clips('x1/red/a.mp4', 'x1/blue/b.mp4', 'y2/red/c.mp4', 'y2/green/d.mp4');
  const open = await read(set);
  expect([open.examples, choices(open.asks)]).toEqual([[], [['level', '1 4', '2 4']]]);
  const first = await read(set, { answers: { level: '1' } });
  expect([first.asks, found(first)]).toEqual([
    [],
    ['x1/blue/b.mp4 x1', 'x1/red/a.mp4 x1', 'y2/green/d.mp4 y2', 'y2/red/c.mp4 y2'],
  ]);
  expect(found(await read(set, { answers: { level: '2' } }))).toContain('y2/green/d.mp4 green');
});

test('an answer that there is not is refused, and one to what is not asked changes nothing', async () => {
  const set = { ...FILES, 'x.csv': 'path,label,emotion\na.mp4,0,happy\nb.mp4,0,sad\nc.mp4,1,sad\n' };
  await expect(read(set, { answers: { label: 'mood' } })).rejects.toThrow(
    /"mood" is no answer to "label".*emotion, label/,
  );
  await expect(read(set, { answers: { lable: 'emotion' } })).rejects.toThrow(
    /by the name "lable".*list, label/,
  );
  const data = await read(set, { answers: { raters: 'majority' } });
  expect(choices(data.asks)).toHaveLength(1);
});

test('notes leave nothing out', async () => {
  const data = await read({ ...FILES, 'x.csv': 'path,label,fold\na.mp4,sad,1\nb.mp4,sad,2\nd.mp4,sad,1\n' });
  expect(data.issues.map((issue) => [issue.reason, isNote(issue)])).toEqual([
    ['column not used', true],
    ['clip missing', false],
  ]);
});
