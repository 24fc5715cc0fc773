/** Lists that gzip has packed. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { clips, found, messages, read } from './reading.ts';

const packed = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(text));
const LIST = 'path,label\na.mp4,happy\nb.mp4,sad\n';
const SAID = ['a.mp4 happy', 'b.mp4 sad'];

it('are read under their own names, splits among them', async () => {
  const files = clips('a.mp4', 'b.mp4');
  expect(found(await read({ ...files, 'list.csv.gz': packed(LIST) }))).toEqual(SAID);
  const data = await read({
    ...files,
    'train.jsonl.gz': packed('{"video": "a.mp4", "label": "happy"}\n'),
    'test.jsonl.gz': packed('{"video": "b.mp4", "label": "sad"}\n'),
  });
  expect(data.examples.map(({ id, split }) => `${id} ${split}`).sort()).toEqual([
    'a.mp4 train',
    'b.mp4 test',
  ]);
});

it('beside their unpacked copy are left alone', async () => {
  const data = await read({
    ...clips('a.mp4', 'b.mp4'),
    'list.csv': LIST,
    'list.csv.gz': packed('path,label\na.mp4,x\n'),
  });
  expect([found(data), messages(data)]).toEqual([SAID, '']);
});

it('that are damaged are said, and folders do not stand in for them', async () => {
  const data = await read({ ...clips('happy/a.mp4', 'sad/b.mp4'), 'list.csv.gz': packed(LIST).slice(0, 20) });
  expect([found(data), messages(data)]).toEqual([
    [],
    expect.stringMatching(/list\.csv\.gz: found what gzip cannot unpack/),
  ]);
});

it('and clips in an archive that is not read are named beside what is', async () => {
  const data = await read({ ...clips('a.mp4', 'b.mp4', 'more.tar.gz'), 'list.csv': LIST });
  expect([found(data), messages(data)]).toEqual([
    SAID,
    expect.stringMatching(/^more\.tar\.gz: an archive of a kind/),
  ]);
});
