/** Zip archives among what is dropped: folders of their names, read where they lie. */
import { describe, expect, it, test } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { blobSource } from '../../src/io/files/bytes.ts';
import { treeFromFiles } from '../../src/io/files/files.ts';
import { CountedBlob } from '../setup/counted-blob.ts';
import { type ZipInput, zipOf } from './archives.ts';
import { clips, found, messages, read, reasons, withSplits } from './reading.ts';

const LIST = 'path,label\nclips/a.mp4,happy\nclips/b.mp4,sad\n';
const CLIPS = clips('clips/a.mp4', 'clips/b.mp4') as Record<string, ZipInput>;
const GBK_HAPPY = [0xbf, 0xec, 0xc0, 0xd6];
const GBK_SAD = [0xc9, 0xcb, 0xd0, 0xc4];
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Signs as bytes of these values, as a program of another country writes names. */
const bytesOf = (text: string): Uint8Array => Uint8Array.from([...text].map((sign) => sign.charCodeAt(0)));
const signs = (bytes: readonly number[]): string => String.fromCharCode(...bytes);

describe('an archive is a folder', () => {
  it.each([
    ['stored', { level: 0 }],
    ['deflated', { level: 6 }],
    ['with sizes in 64 bits', { level: 0, zip64: true }],
    ['with sizes after the data', { level: 6, dataDescriptor: true }],
  ])('%s, dropped alone', async (_, options) => {
    const data = await read({ 'set.zip': await zipOf({ 'list.csv': LIST, ...CLIPS }, options) });
    expect([found(data), messages(data), data.name]).toEqual([
      ['clips/a.mp4 happy', 'clips/b.mp4 sad'],
      '',
      'set',
    ]);
    const [file] = data.examples[0]!.media[0]!.files;
    expect([file?.size, [...new Uint8Array(await (await file!.blob()).arrayBuffer())]]).toEqual([1, [1]]);
  });

  test('its own folder inside it is no second one, and what systems leave behind is nothing', async () => {
    const left = { '__MACOSX/set/clips/._a.mp4': 'x', 'set/.DS_Store': 'x', 'set/clips/Thumbs.db': 'x' };
    const inside = Object.fromEntries(
      Object.entries({ 'list.csv': LIST, ...CLIPS }).map(([path, content]) => [`set/${path}`, content]),
    );
    const archive = await zipOf({ ...inside, ...left });
    const beside = { 'down/set.zip': archive, 'README.md': 'A set.' };
    for (const contents of [{ 'set.zip': archive }, beside] as Record<string, ZipInput>[]) {
      const data = await read(contents);
      expect(found(data).map((line) => line.replace(/^down\/set\//, ''))).toEqual([
        'clips/a.mp4 happy',
        'clips/b.mp4 sad',
      ]);
      expect(messages(data)).toBe('');
    }
  });

  test('a split an archive, and the list beside them', async () => {
    const zips = {
      'train.zip': await zipOf(clips('a.mp4', 'b.mp4') as Record<string, ZipInput>),
      'test.zip': await zipOf(clips('a.mp4') as Record<string, ZipInput>),
    };
    const list = 'path,label,split\na.mp4,happy,train\nb.mp4,sad,train\na.mp4,sad,test\n';
    expect(withSplits(await read({ ...zips, 'list.csv': list }))).toEqual([
      'train/a.mp4 happy train',
      'train/b.mp4 sad train',
      'test/a.mp4 sad test',
    ]);
  });

  test('beside its own unpacked copy it is set aside, wherever that lies', async () => {
    const archive = await zipOf({ 'deep/a.mp4': 'x', 'deep/b.mp4': 'y' });
    const data = await read({
      'Downloads/set.zip': archive,
      'happy/a.mp4': 'x',
      'sad/b.mp4': 'y',
    });
    expect(found(data)).toEqual(['happy/a.mp4 happy', 'sad/b.mp4 sad']);
    expect([reasons(data), messages(data)]).toEqual([
      ['file set aside'],
      expect.stringMatching(/^Downloads\/set\.zip: what is in it lies beside it unpacked/),
    ]);
  });
});

describe('names', () => {
  const NAMES = { 'happy/ä.mp4': 'x', 'sad/b.mp4': 'y' };

  it.each([
    ['flagged UTF-8', NAMES, undefined, 'ä'],
    ['UTF-8 without the flag, as macOS writes it', NAMES, utf8, 'ä'],
    ['IBM 437, as old Windows writes it', { 'happy/\x84b.mp4': 'x', 'sad/b.mp4': 'y' }, bytesOf, 'äb'],
  ])('%s', async (_, contents, encode, wanted) => {
    const data = await read({ 'set.zip': await zipOf(contents, encode ? { encode } : {}) });
    expect([found(data), messages(data)]).toEqual([[`happy/${wanted}.mp4 happy`, 'sad/b.mp4 sad'], '']);
  });

  test('of a list in one form of accents and an archive in the other', async () => {
    const contents = {
      'list.csv': 'path,label\nclips/né.mp4,happy\n',
      ['clips/né.mp4'.normalize('NFD')]: 'x',
    };
    const data = await read({ 'set.zip': await zipOf(contents) });
    expect([data.examples.length, messages(data)]).toEqual([1, '']);
  });

  test('GBK, as Chinese Windows writes it, where it is certain', async () => {
    const contents = { [`${signs(GBK_HAPPY)}/a.mp4`]: 'x', [`${signs(GBK_SAD)}/b.mp4`]: 'y' };
    const data = await read({ 'set.zip': await zipOf(contents, { encode: bytesOf }) });
    expect(data.examples.map(({ id }) => id).sort()).toEqual(['伤心/b.mp4', '快乐/a.mp4']);
  });

  test('in no certain encoding, the archive is refused: a name may be a label', async () => {
    const contents = { [`${signs([0xe4, 0xb0, 0xe5])}/a.mp4`]: 'x', 'sad/b.mp4': 'y' };
    const data = await read({ 'set.zip': await zipOf(contents, { encode: bytesOf }) });
    expect([data.examples, reasons(data)[0]]).toEqual([[], 'file unreadable']);
    expect(messages(data)).toMatch(/set\.zip: the names of 1 files in it are not in UTF-8/);
  });
});

describe('what is not read is said', () => {
  const good = { 'happy/a.mp4': 'x', 'sad/b.mp4': 'y' };

  it.each<[string, () => Promise<Uint8Array<ArrayBuffer>>, RegExp]>([
    [
      'an archive within',
      async () => zipOf({ ...good, 'more.zip': await zipOf(good) }),
      /more\.zip is an archive within an archive/,
    ],
    [
      'a way out',
      () => zipOf({ ...good, '../../etc/c.mp4': 'x' }),
      /\.\.\/\.\.\/etc\/c\.mp4 leads out of the archive/,
    ],
    ['a way out by backslashes', () => zipOf({ ...good, 'sad\\..\\..\\c.mp4': 'x' }), /c\.mp4 leads out/],
    ['a drive', () => zipOf({ ...good, 'C:/c.mp4': 'x' }), /C:\/c\.mp4 leads out/],
  ])('%s, and the rest is read', async (_, archive, said) => {
    const data = await read({ 'set.zip': await archive() });
    expect(found(data)).toEqual(['happy/a.mp4 happy', 'sad/b.mp4 sad']);
    expect(messages(data)).toMatch(said);
  });

  it.each<[string, () => Promise<Uint8Array<ArrayBuffer>>, RegExp]>([
    ['encrypted', () => zipOf(good, { password: 'secret' }), /happy\/a\.mp4 is encrypted/],
    ['no archive', async () => utf8('not a zip'), /9 bytes that are no whole zip archive/],
    ['cut off', async () => (await zipOf(good)).slice(0, 120), /120 bytes that are no whole zip archive/],
    ['empty', async () => new Uint8Array(0), /0 bytes that are no whole zip/],
  ])('%s', async (_, archive, said) => {
    const data = await read({ 'set.zip': await archive(), 'README.md': 'A set.' });
    expect(data.examples).toEqual([]);
    expect(messages(data)).toMatch(said);
  });

  test('of many only the first, then how many more', async () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`${i}.mp4`, 'x']));
    const data = await read({ 'set.zip': await zipOf(many, { password: 'secret' }), 'README.md': '' });
    expect(messages(data)).toMatch(/0\.mp4 is encrypted[\s\S]*4\.mp4 is encrypted[\s\S]*4 more files in it/);
    expect(messages(data)).not.toMatch(/5\.mp4/);
  });

  test('bytes that were damaged, when they are asked for', async () => {
    const archive = await zipOf({ 'happy/a.mp4': 'some longer text of a clip', 'sad/b.mp4': 'y' });
    archive.fill(0, 45, 60);
    const data = await read({ 'set.zip': archive });
    await expect(data.examples[0]!.media[0]!.files[0]!.blob()).rejects.toThrow(
      /set\.zip\/happy\/a\.mp4: found a damaged file in the archive/,
    );
  });
});

test('a large archive is opened by its directory alone, and a clip by its own bytes', async () => {
  const clip = new Uint8Array(1 << 20);
  const contents = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`clips/${i}.mp4`, clip]));
  const list = Object.keys(contents).map((path, i) => `${path},${i % 2 ? 'happy' : 'sad'}\n`);
  const archive = await zipOf({ 'list.csv': `path,label\n${list.join('')}`, ...contents }, { level: 0 });
  const counted = new CountedBlob(archive);
  const tree = treeFromFiles([{ path: 'set/set.zip', file: counted }]);
  const { examples } = await readDataset(tree, { seed: 1 });
  expect(examples.length).toBe(40);
  expect(counted.bytesRead).toBeLessThan(200_000);
  const before = counted.bytesRead;
  const blob = await examples[7]!.media[0]!.files[0]!.blob();
  await blobSource(blob).slice(0, blob.size);
  expect(counted.bytesRead - before).toBe(30 + clip.length);
});
