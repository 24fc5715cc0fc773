import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../src/data/csv.ts';
import { readDataset } from '../../src/data/read.ts';
import { summarise } from '../../src/data/summary.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { THINK_ANSWER_INSTRUCTION } from '../../src/text/recipes.ts';

const clip = new Uint8Array([1, 2, 3]);
const turn = (video: unknown, label: unknown, more: object = {}) => ({
  video,
  conversations: [
    { from: 'human', value: '<video>\n<audio>\nWhat do they feel?' },
    { from: 'gpt', value: label },
  ],
  ...more,
});
const read = (contents: Record<string, string | Uint8Array<ArrayBuffer>>) =>
  readDataset(treeFromMemory('clips', contents), { seed: 1 });
const pick = (examples: readonly { id: string; label: string; split: string }[]) =>
  examples.map(({ id, label, split }) => `${id} ${label} ${split}`);

test('a label that says there is none, or is no finite number, costs its row only', async () => {
  const lines = [
    { path: 'a.mp4', label: 'NaN' },
    { path: 'b.mp4', label: 'happy' },
  ].map((line) => JSON.stringify(line));
  const data = await read({
    'rows.jsonl': [...lines, '{"path": "a.mp4", "label": 1e999}'].join('\n'),
    'a.mp4': clip,
    'b.mp4': clip,
  });
  expect(pick(data.examples)).toEqual(['b.mp4 happy train']);
  expect(data.issues.map(({ row, message }) => [row, message])).toEqual([
    [1, 'a.mp4: the label is NaN.'],
    [3, expect.stringMatching(/^No label/)],
  ]);
});

describe('R1-Omni JSON', () => {
  test('rows become examples, with question, label, answer and split', async () => {
    const thought = '<think>A smile.</think>\n<answer> happy </answer>';
    const data = await read({
      'train.json': JSON.stringify([
        turn('videos/a.mp4', 'sad'),
        turn('videos/b.mp4', thought, { split: 'test' }),
      ]),
      'videos/a.mp4': clip,
      'videos/b.mp4': clip,
    });
    expect(data.issues).toEqual([]);
    expect(data.examples[0]).toMatchObject({
      id: 'videos/a.mp4',
      label: 'sad',
      answer: 'sad',
      question: 'What do they feel?',
      split: 'train',
    });
    expect(data.examples[1]).toMatchObject({ label: 'happy', answer: thought, split: 'test' });
    expect(data.examples[0]!.media[0]?.files.map((file) => file.path)).toEqual(['videos/a.mp4']);
    expect(data.format).toBe('R1-Omni JSON');
  });

  test('of a chat of several turns the last question is asked, after those before it', async () => {
    const two = turn('a.mp4', 'sad');
    two.conversations.push({ from: 'human', value: 'And later?' }, { from: 'gpt', value: 'happy' });
    const data = await read({ 'd.json': JSON.stringify([two]), 'a.mp4': clip });
    expect(data.issues).toEqual([]);
    expect(data.examples).toMatchObject([
      {
        ...{ id: 'a.mp4', question: 'And later?', label: 'happy' },
        turns: [
          { role: 'user', content: 'What do they feel?' },
          { role: 'assistant', content: 'sad' },
        ],
      },
    ]);
  });

  test('two questions about one clip are two examples, which stay together when the data are divided', async () => {
    const asked = (value: string, label: string) => ({
      video: 'a.mp4',
      conversations: [
        { from: 'human', value },
        { from: 'gpt', value: label },
      ],
    });
    const two = [asked('What do they feel?', 'sad'), asked('And later?', 'happy')];
    const data = await read({ 'd.json': JSON.stringify(two), 'a.mp4': clip });
    expect(data.examples.map(({ id, question, label }) => [id, question, label])).toEqual([
      ['a.mp4', 'What do they feel?', 'sad'],
      ['a.mp4#2', 'And later?', 'happy'],
    ]);
    expect(data.examples.map(({ media }) => media.map(({ path }) => path))).toEqual([['a.mp4'], ['a.mp4']]);
    expect(data.issues).toEqual([]);
    const offers = (options: readonly string[], label: string) => ({
      ...{ video: 'a.mp4', question: 'Which?', options, label },
    });
    const rows = [offers(['A. sad', 'B. calm'], 'A'), offers(['A. calm', 'B. sad'], 'B')];
    const choices = await read({ 'd.json': JSON.stringify(rows), 'a.mp4': clip });
    expect(choices.examples.map(({ id, label }) => [id, label])).toEqual([
      ['a.mp4', 'A'],
      ['a.mp4#2', 'B'],
    ]);
    const many = Array.from({ length: 40 }, (_, n) =>
      ['Who?', 'Why?'].map((question) => ({ video: `${n}.mp4`, question, label: `L${n % 2}` })),
    ).flat();
    const clips = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}.mp4`, clip]));
    const { examples } = await read({ 'd.json': JSON.stringify(many), ...clips });
    expect(examples).toHaveLength(80);
    expect(new Set(examples.map(({ split }) => split)).size).toBe(3);
    for (let n = 0; n < 80; n += 2) expect(examples[n]!.split).toBe(examples[n + 1]!.split);
  });

  test('the request for tags, media tags and spaces make no other question', async () => {
    const asks = (value: string) => ({
      video: 'a.mp4',
      conversations: [
        { from: 'human', value },
        { from: 'gpt', value: 'sad' },
      ],
    });
    const plain = '<video>\n<audio>\nWhat do  they feel?';
    const data = await read({
      'd.json': JSON.stringify([asks(plain), asks(`What do they feel?\n${THINK_ANSWER_INSTRUCTION}`)]),
      'a.mp4': clip,
    });
    expect(data.issues.map(({ reason }) => reason)).toEqual(['row repeated']);
    expect(summarise(data).questions).toEqual({
      rows: 1,
      distinct: 1,
      list: [{ question: 'What do they feel?', rows: 1 }],
    });
  });

  test('every bad row is an issue by file and row, and the rest is read', async () => {
    const rows = [
      turn('a.mp4', 'sad'),
      turn('gone.mp4', 'sad'),
      turn('b.mp4', '   '),
      turn('a.mp4', 'sad'),
      turn('a.mp4', 'happy'),
      turn('zero.mp4', 'sad'),
      7,
      { conversations: [] },
      turn('b.mp4', 3),
      { video: 'b.mp4', conversations: [{ from: 'human', value: 'x' }] },
      turn('b.mp4', 'happy', { split: 'later' }),
      { video: 'b.mp4' },
      turn('b.mp4', 'happy'),
    ];
    const data = await read({
      'd.json': JSON.stringify(rows),
      'a.mp4': clip,
      'b.mp4': clip,
      'zero.mp4': new Uint8Array(0),
    });
    expect(data.examples.map(({ id, label }) => `${id} ${label}`)).toEqual(['a.mp4 sad', 'b.mp4 happy']);
    expect(data.rows).toBe(13);
    const byRow = new Map(data.issues.map((issue) => [issue.row, issue.message]));
    expect([...byRow.keys()].sort((a, b) => a! - b!)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(data.issues.every((issue) => issue.file === 'd.json' && issue.hint)).toBe(true);
    expect(byRow.get(2)).toMatch(/gone\.mp4 is not in the folder/);
    expect(byRow.get(3)).toMatch(/label is empty/);
    expect(byRow.get(4)).toMatch(/"sad" is already row 1 of d\.json/);
    expect(byRow.get(5)).toMatch(/is "sad" in row 1 of d\.json and "happy" here/);
    expect(byRow.get(6)).toMatch(/0 bytes/);
    expect(byRow.get(7)).toMatch(/found a number/);
    expect(byRow.get(8)).toMatch(/No clip/);
    expect(byRow.get(9)).toMatch(/A turn of "conversations"/);
    expect(byRow.get(10)).toMatch(/holds no answer/);
    expect(byRow.get(11)).toMatch(/Unknown split "later"/);
    expect(byRow.get(12)).toMatch(/No label/);
  });

  test('JSON that is not JSON tells the place, and another file is still read', async () => {
    const data = await read({
      'bad.json': '[\n  {"video": "a.mp4",\n   "conversations": oops }\n]',
      'cut.json': '[{"video": "a.mp4"',
      'map.json': '{"a": 1}',
      'good.json': JSON.stringify([turn('a.mp4', 'sad')]),
      'a.mp4': clip,
    });
    expect(data.examples.length).toBe(1);
    const message = (file: string) => data.issues.find((issue) => issue.file === file)?.message;
    expect(message('bad.json')).toMatch(/bad\.json is not JSON at line 3, column 21/);
    expect(message('cut.json')).toMatch(/cut\.json is not JSON at line 1, column 1\d/);
    expect(message('map.json')).toMatch(/expected a list of clips, found an object with a/);
  });
});

describe('finding clips', () => {
  const found = async (wanted: string, ...paths: string[]) => {
    const files = Object.fromEntries(paths.map((path) => [path, clip]));
    const data = await read({ 'd.json': JSON.stringify([turn(wanted, 'x')]), ...files });
    return data.examples[0]?.media[0]?.path ?? data.issues[0]?.message;
  };

  test('by path, tail of a path, and name', async () => {
    expect(await found('./videos/a.mp4', 'videos/a.mp4', 'other/a.mp4')).toBe('videos/a.mp4');
    expect(await found('videos/a.mp4', 'deep/videos/a.mp4', 'deep/other/a.mp4')).toBe('deep/videos/a.mp4');
    expect(await found('/datasets/DFEW/videos/a.mp4', 'videos/a.mp4', 'other/a.mp4')).toBe('videos/a.mp4');
    expect(await found('elsewhere\\a.mp4', 'x/a.mp4')).toBe('x/a.mp4');
    expect(await found('00001', 'clips/00001.webm')).toBe('clips/00001.webm');
  });

  test('whatever the capitals, unless these decide; a video also by another extension or as frames', async () => {
    expect(await found('A.wav', 'x/a.WAV')).toBe('x/a.WAV');
    expect(await found('a.mp4', 'x/a.mp4', 'y/A.MP4')).toBe('x/a.mp4');
    expect(await found('a.avi', 'x/a.mp4')).toBe('x/a.mp4');
    expect(await found('a.avi', 'x/a/1.jpg')).toBe('x/a');
    expect(await found('a.mp4', 'x/a.jpg')).toMatch(/is not in the folder/);
    expect(await found('a.wav', 'x/a.mp4')).toMatch(/is not in the folder/);
  });

  test('two that fit are not guessed between', async () => {
    expect(await found('a.mp4', 'x/a.mp4', 'y/a.mp4')).toMatch(/could be x\/a\.mp4 or y\/a\.mp4/);
    expect(await found('z/a.mp4', 'x/a.mp4', 'y/a.mp4')).toMatch(/could be/);
  });

  test('a folder of pictures is one clip', async () => {
    const data = await read({
      'd.json': JSON.stringify([turn('frames/0001', 'x')]),
      'frames/0001/2.jpg': clip,
      'frames/0001/1.jpg': clip,
    });
    expect(data.examples[0]!.media[0]?.files.map((file) => file.path)).toEqual([
      'frames/0001/1.jpg',
      'frames/0001/2.jpg',
    ]);
  });
});

describe('other shapes', () => {
  test('CSV, with quotes, other separators and line numbers', async () => {
    expect(parseCsv('a;b\n"x;\n1";"say ""hi"""\n\n2;3').map(({ line, cells }) => [line, ...cells])).toEqual([
      [1, 'a', 'b'],
      [2, 'x;\n1', 'say "hi"'],
      [5, '2', '3'],
    ]);
    const data = await read({
      'labels.csv': '\uFEFFVideo_Name,Label,split\r\na,happy,train\r\n"b",sad,test\r\nc,happy,\r\n',
      'clips/a.mp4': clip,
      'clips/b.mp4': clip,
    });
    expect(pick(data.examples)).toEqual(['clips/a.mp4 happy train', 'clips/b.mp4 sad test']);
    expect(data.issues).toMatchObject([{ file: 'labels.csv', row: 4 }]);
    const wrong = await read({ 'labels.csv': 'id,mood\n1,x\n', 'a.mp4': clip });
    expect(wrong.issues[0]?.message).toMatch(/names no path or no label column/);
  });

  test('JSON Lines, a bad line among good ones; the split from the file name', async () => {
    const data = await read({
      'val.jsonl':
        '{"path": "a.mp4", "label": "sad", "question": "<video>\\nWhy?"}\nnope\n\n{"path": "b.mp4", "label": 1}\n',
      'a.mp4': clip,
      'b.mp4': clip,
    });
    expect(pick(data.examples)).toEqual(['a.mp4 sad val', 'b.mp4 1 val']);
    expect(data.examples[0]!.question).toBe('Why?');
    expect(data.issues).toMatchObject([{ file: 'val.jsonl', row: 2 }]);
  });

  test('a folder per class, split folders above, image folders below', async () => {
    const data = await read({
      'train/happy/a.mp4': clip,
      'train/sad/b.mp4': clip,
      'test/sad/0001/1.jpg': clip,
      'test/sad/0001/2.jpg': clip,
      'test/happy/c.png': clip,
    });
    expect(pick(data.examples).sort()).toEqual([
      'test/happy/c.png happy test',
      'test/sad/0001 sad test',
      'train/happy/a.mp4 happy train',
      'train/sad/b.mp4 sad train',
    ]);
    expect(data.format).toBe('a folder per class');
  });

  test('nothing to read says so', async () => {
    expect((await read({ 'notes.txt': 'x' })).issues[0]?.message).toMatch(/1 files, but no annotation/);
  });
});

test('the summary counts labels, splits and issues', async () => {
  const rows = [
    turn('a.mp4', 'sad'),
    turn('b.mp4', 'happy'),
    turn('c.mp4', 'happy', { split: 'val' }),
    turn('q.mp4', 'x'),
  ];
  const data = await read({ 'd.json': JSON.stringify(rows), 'a.mp4': clip, 'b.mp4': clip, 'c.mp4': clip });
  expect(summarise(data)).toMatchObject({
    count: 3,
    labels: [
      { label: 'happy', count: 2 },
      { label: 'sad', count: 1 },
    ],
    splits: { train: 2, val: 1, test: 0 },
    issues: [{ row: 4 }],
  });
});
