/** Clips that several rows are about: of raters, of two lists, of an export of the studio's own. */
import { describe, expect, it, test } from 'vitest';
import { clips, found, messages, read, reasons, withSplits } from './reading.ts';

const FILES = clips('a.mp4', 'b.mp4', 'c.mp4');

describe('several raters', () => {
  const table = (rows: readonly string[]) => `path,label,rater\n${rows.join('\n')}\n`;

  test('most of them decide, and a tie is left out by its clip', async () => {
    const rows = [
      'a.mp4,sad,1',
      'a.mp4,happy,2',
      'a.mp4,Happy,3',
      'b.mp4,sad,1',
      'b.mp4,sad,2',
      'c.mp4,sad,1',
      'c.mp4,angry,2',
    ];
    const data = await read({ ...FILES, 'votes.csv': table(rows) });
    expect(found(data)).toEqual(['a.mp4 happy', 'b.mp4 sad']);
    expect(reasons(data)).toEqual(['raters counted', 'raters disagree']);
    expect(messages(data)).toMatch(/3 clips have 7 rows/);
    expect(data.issues[1]).toMatchObject({ file: 'votes.csv', row: 7 });
    expect(data.issues[1]?.message).toMatch(/c\.mp4 has no label .*"sad" in row 7, "angry" in row 8/);
  });

  test('a list that contradicts itself here and there is told row by row', async () => {
    const rows = ['a.mp4,sad,1', 'a.mp4,happy,2', 'a.mp4,happy,3', 'b.mp4,sad,1', 'c.mp4,sad,1'];
    const data = await read({ ...FILES, 'list.csv': table(rows) });
    expect(found(data)).toEqual(['a.mp4 happy', 'b.mp4 sad', 'c.mp4 sad']);
    expect(reasons(data).sort()).toEqual(['label contradicted', 'row repeated']);
  });
});

describe('two lists about the same clips', () => {
  const asks = (path: string, question: string, answer: string) => ({
    video: path,
    conversations: [
      { from: 'human', value: question },
      { from: 'gpt', value: answer },
    ],
  });

  test('are one issue with counts, and each clip is taken once', async () => {
    const data = await read({
      ...FILES,
      'cold-start.json': JSON.stringify(
        ['a.mp4', 'b.mp4'].map((path) => asks(path, 'What?', '<think>x</think><answer>sad</answer>')),
      ),
      'rlvr.json': JSON.stringify(['a.mp4', 'b.mp4', 'c.mp4'].map((path) => asks(path, 'What?', 'sad'))),
    });
    expect(found(data)).toEqual(['a.mp4 sad', 'b.mp4 sad', 'c.mp4 sad']);
    expect(data.issues).toMatchObject([{ reason: 'lists overlap', file: 'rlvr.json' }]);
    expect(messages(data)).toMatch(
      /2 clips of rlvr\.json are in cold-start\.json, too \(2 with another answer or question\)/,
    );
  });

  test('that ask different things are taken both', async () => {
    const data = await read({
      ...FILES,
      'why.json': JSON.stringify([asks('a.mp4', 'Why?', 'sad')]),
      'what.json': JSON.stringify(['a.mp4', 'b.mp4'].map((path) => asks(path, 'What?', 'sad'))),
    });
    expect(data.examples.map(({ id, question }) => [id, question])).toEqual([
      ['a.mp4', 'What?'],
      ['b.mp4', 'What?'],
      ['a.mp4#2', 'Why?'],
    ]);
    expect(data.issues).toEqual([]);
  });

  test('the list that says a split gives it; another label stays an issue of its row', async () => {
    const data = await read({
      ...FILES,
      'all.csv': 'path,label\na.mp4,sad\nb.mp4,sad\nc.mp4,sad\n',
      'train.csv': 'path,label\na.mp4,sad\n',
      'test.csv': 'path,label\nb.mp4,sad\nc.mp4,happy\n',
    });
    expect(withSplits(data)).toEqual(['a.mp4 sad train', 'b.mp4 sad test', 'c.mp4 sad train']);
    expect(reasons(data).sort()).toEqual(['label contradicted', 'lists overlap', 'lists overlap']);
  });
});

describe("lists of the studio's own exports", () => {
  const line = (path: string) =>
    JSON.stringify({ prompt: [{ role: 'user', content: '?' }], solution: 'sad', video: path });
  const r1Omni = (path: string) => ({
    video: path,
    conversations: [
      { from: 'human', value: '<video>\n<audio>\n?' },
      { from: 'gpt', value: 'sad' },
    ],
  });
  const bundle = (root: string) => ({
    [`${root}manifest.json`]: '{"studio": "0.2.0", "base_model": "x", "files": []}',
    [`${root}data/train.jsonl`]: `${line('a.mp4')}\n${line('b.mp4')}\n`,
    [`${root}data/next.jsonl`]: `${line('b.mp4')}\n`,
    [`${root}r1omni/train.json`]: JSON.stringify([r1Omni('a.mp4'), r1Omni('b.mp4')]),
    [`${root}r1omni/launch.py`]: '',
    [`${root}settings.json`]: '{"clip": "a.mp4"}',
  });

  it('are left out beside another list, and beside folders of labels', async () => {
    const listed = await read({ ...FILES, ...bundle('handoff/'), 'own.csv': 'path,label\na.mp4,happy\n' });
    expect(found(listed)).toEqual(['a.mp4 happy']);
    expect(reasons(listed)).toEqual(['file set aside']);
    const folders = await read({ ...clips('happy/a.mp4', 'angry/b.mp4'), ...bundle('handoff/') });
    expect(found(folders)).toEqual(['angry/b.mp4 angry', 'happy/a.mp4 happy']);
    const unpacked = await read({
      ...FILES,
      'train.jsonl': line('a.mp4'),
      'own.csv': 'path,label\na.mp4,happy\n',
    });
    expect([found(unpacked), reasons(unpacked)]).toEqual([['a.mp4 happy'], ['file set aside']]);
  });

  it('are read, one kind of them, where the bundle itself was dropped', async () => {
    const data = await read({ ...clips('media/a.mp4', 'media/b.mp4'), ...bundle('') });
    expect(found(data)).toEqual(['media/a.mp4 sad', 'media/b.mp4 sad']);
    expect(reasons(data)).toEqual(['file set aside']);
  });
});
