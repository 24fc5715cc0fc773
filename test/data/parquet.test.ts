/** Parquet files: rows as JSON has them, and files that lie in them read when they are asked for. */
import { describe, expect, it, test } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import type { Dataset } from '../../src/data/types.ts';
import { treeFromFiles } from '../../src/io/files/files.ts';
import { dataIdentity } from '../../src/worker/runs/identity.ts';
import { CountedBlob } from '../setup/counted-blob.ts';
import { zipOf } from './archives.ts';
import { type Column, parquetOf, sparseParquetOf } from './parquets.ts';
import { clips, found, messages, read, reasons, withSplits } from './reading.ts';

const sign = (text: string) => Uint8Array.from([...text].map((each) => each.charCodeAt(0)));
const JPEG = sign('\xff\xd8\xff\xe0 one');
const PNG = sign('\x89PNG two');
const MP4 = sign('\0\0\0\x18ftypisom three');
const WAV = sign('RIFF\0\0\0\0WAVE four');

const column = (name: string, kind: Column['kind'], ...data: readonly unknown[]): Column => ({
  name,
  kind,
  data,
});
const LABELS = column('label', 'text', 'happy', 'sad');
const part = (bytes: Uint8Array | null, path: string | null = null) => ({ bytes, path });

async function bytesOf(data: Dataset, row: number): Promise<string> {
  const [file] = data.examples[row]!.media[0]!.files;
  return String.fromCharCode(...new Uint8Array(await (await file!.blob()).arrayBuffer()));
}

describe('a column of files', () => {
  it.each<[string, Column, string[]]>([
    [
      'as `datasets` writes videos',
      column('video', 'file', part(MP4, 'a.mp4'), part(MP4, 'b.mp4')),
      ['row1/a.mp4', 'row2/b.mp4'],
    ],
    [
      'with paths of somebody else’s disk',
      column('video', 'file', part(MP4, '/x/a.mp4'), part(MP4, 'C:\\b.mp4')),
      ['row1/a.mp4', 'row2/b.mp4'],
    ],
    ['without names', column('video', 'file', part(MP4), part(MP4)), ['row1/video.mp4', 'row2/video.mp4']],
    ['bytes alone', column('audio', 'bytes', WAV, WAV), ['row1/audio.wav', 'row2/audio.wav']],
    ['pictures', column('image', 'file', part(JPEG), part(JPEG)), ['row1/image.jpg', 'row2/image.jpg']],
    [
      'of a name that says nothing',
      column('shown', 'file', part(PNG), part(PNG)),
      ['row1/shown.png', 'row2/shown.png'],
    ],
  ])('%s', async (_, files, wanted) => {
    for (const codec of ['SNAPPY', 'UNCOMPRESSED'] as const) {
      const data = await read({ 'train.parquet': parquetOf([files, LABELS], { codec }) });
      expect([found(data), messages(data)]).toEqual([
        wanted.map((name, i) => `train.parquet/${files.name}/${name} ${['happy', 'sad'][i]}`),
        '',
      ]);
      const written = files.data.map((value) =>
        value instanceof Uint8Array ? value : (value as { bytes: Uint8Array }).bytes,
      );
      for (const [row, bytes] of written.entries())
        expect(await bytesOf(data, row)).toBe(String.fromCharCode(...bytes));
    }
  });

  test('every row has its own bytes, by pages, by groups, with an index and without', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => i);
    const files = rows.map((i) =>
      part(Uint8Array.from([...MP4, ...new Uint8Array(300 + i).fill(i)]), `${i}.mp4`),
    );
    const columns = [
      column('video', 'file', ...files),
      column('label', 'text', ...rows.map((i) => (i % 2 ? 'happy' : 'sad'))),
    ];
    for (const how of [
      {},
      { offsetIndex: false },
      { rowsPerGroup: 7 },
      { rowsPerGroup: 7, offsetIndex: false },
    ]) {
      const data = await read({ 'a.parquet': parquetOf(columns, { pageBytes: 1000, ...how }) });
      expect(data.examples.length).toBe(40);
      // Not in order: what was read last must not be taken for what is asked.
      for (const row of [39, 0, 17, 16, 18, 6, 7, 8, 39])
        expect((await bytesOf(data, row)).slice(-3)).toBe(String.fromCharCode(row, row, row));
    }
  });

  test('rows that name files beside the table, and rows without any', async () => {
    const files = column('video', 'file', part(null, 'clips/a.mp4'), part(null, 'clips/b.mp4'));
    const data = await read({
      'a.parquet': parquetOf([files, LABELS]),
      ...clips('clips/a.mp4', 'clips/b.mp4'),
    });
    expect([found(data), messages(data)]).toEqual([['clips/a.mp4 happy', 'clips/b.mp4 sad'], '']);
    const some = column('video', 'file', part(MP4, 'a.mp4'), null);
    const half = await read({ 'a.parquet': parquetOf([some, LABELS]) });
    expect([found(half), reasons(half)]).toEqual([['a.parquet/video/row1/a.mp4 happy'], ['row malformed']]);
    const nameless = column('video', 'file', part(MP4), null);
    const other = await read({ 'a.parquet': parquetOf([nameless, LABELS]) });
    expect([found(other), reasons(other)]).toEqual([
      ['a.parquet/video/row1/video.mp4 happy'],
      ['row malformed'],
    ]);
  });

  test('bytes that are no media are not used, and said', async () => {
    const columns = [
      column('video', 'file', part(MP4), part(MP4)),
      column('key', 'bytes', sign('\x01\x02'), sign('\x03\x04')),
      LABELS,
    ];
    const data = await read({ 'a.parquet': parquetOf(columns) });
    expect([data.examples.length, reasons(data)]).toEqual([2, ['column not used']]);
    expect(messages(data)).toMatch(/a\.parquet: the column "key" holds bytes that are no picture/);
  });

  test('text that is not marked as text is read as text', async () => {
    const columns = [
      column('video', 'file', part(MP4), part(MP4)),
      column('label', 'bytes', sign('happy'), sign('sad')),
    ];
    expect(found(await read({ 'a.parquet': parquetOf(columns) }))).toEqual([
      'a.parquet/video/row1/video.mp4 happy',
      'a.parquet/video/row2/video.mp4 sad',
    ]);
  });
});

describe('rows', () => {
  test('questions and answers without clips, with nested values as JSON has them', async () => {
    const columns = [
      column('question', 'text', 'Which is more, 3 or 7?', 'Which is less, 2 or 5?'),
      column('answer', 'text', '7', '2'),
      column('id', 'long', 1n, 2n),
      column('hints', 'texts', ['count', 'compare'], []),
      column('extra', 'struct', { text: 'easy' }, null),
    ];
    for (const codec of ['SNAPPY', 'UNCOMPRESSED'] as const) {
      const data = await read({ 'train.parquet': parquetOf(columns, { codec }) });
      expect([data.kind, messages(data), data.format]).toEqual(['questions', '', 'Parquet']);
      expect(data.examples.map(({ question, label, columns: as }) => [question, label, as])).toEqual([
        [
          'Which is more, 3 or 7?',
          '7',
          {
            question: 'Which is more, 3 or 7?',
            answer: '7',
            id: 1,
            hints: ['count', 'compare'],
            extra: { text: 'easy' },
          },
        ],
        [
          'Which is less, 2 or 5?',
          '2',
          { question: 'Which is less, 2 or 5?', answer: '2', id: 2, hints: [], extra: null },
        ],
      ]);
    }
  });

  test('numbers of classes are their words, where the file says these', async () => {
    const features = {
      label: { names: ['angry', 'happy', 'sad'], _type: 'ClassLabel' },
      video: { _type: 'Video' },
    };
    const notes = { huggingface: JSON.stringify({ info: { features } }) };
    const columns = [column('video', 'file', part(MP4), part(MP4)), column('label', 'long', 2n, 0n)];
    const data = await read({ 'a.parquet': parquetOf(columns, { notes }) });
    expect(data.examples.map(({ label }) => label)).toEqual(['sad', 'angry']);
  });

  test('words written once and referred to, over several groups', async () => {
    const words = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? 'happy' : 'sad'));
    const columns = [
      column('video', 'file', ...words.map((_, i) => part(MP4, `${i}.mp4`))),
      column('label', 'text', ...words),
    ];
    const data = await read({ 'a.parquet': parquetOf(columns, { rowsPerGroup: 64 }) });
    expect(data.examples.map(({ label }) => label)).toEqual(words);
  });

  test('shards of the hub have the split of their names; what lies beside them is no list', async () => {
    const shard = (word: string) =>
      parquetOf([column('image', 'file', part(JPEG, 'same.jpg')), column('label', 'text', word)]);
    const data = await read({
      'README.md': '---\nlicense: mit\n---\n',
      'data/train-00000-of-00002.parquet': shard('happy'),
      'data/train-00001-of-00002.parquet': shard('sad'),
      'data/validation-00000-of-00001.parquet': shard('sad'),
      'data/test-00000-of-00001.parquet': shard('happy'),
    });
    expect([withSplits(data), messages(data)]).toEqual([
      [
        'data/test-00000-of-00001.parquet/image/row1/same.jpg happy test',
        'data/train-00000-of-00002.parquet/image/row1/same.jpg happy train',
        'data/train-00001-of-00002.parquet/image/row1/same.jpg sad train',
        'data/validation-00000-of-00001.parquet/image/row1/same.jpg sad val',
      ],
      '',
    ]);
  });

  test('a shard that was left behind is missed', async () => {
    const shard = parquetOf([column('video', 'file', part(MP4), part(MP4)), LABELS]);
    const data = await read({ 'data/train-00001-of-00003.parquet': shard });
    expect([data.examples.length, reasons(data)]).toEqual([2, ['list missing']]);
    expect(messages(data)).toMatch(/train-\*-of-00003\.parquet: found 1 of its 3 parts/);
  });
});

describe('what is broken', () => {
  const good = () => parquetOf([column('video', 'file', part(MP4), part(MP4)), LABELS]);

  it.each<[string, () => Uint8Array<ArrayBuffer>]>([
    ['a text under its name', () => sign('path,label\na.mp4,happy\n')],
    ['cut off', () => good().slice(0, -20)],
    ['empty', () => new Uint8Array(0)],
  ])('%s is said, and folders do not stand in for it', async (_, made) => {
    const data = await read({ 'a.parquet': made(), ...clips('happy/a.mp4', 'sad/b.mp4') });
    expect([data.examples, reasons(data)]).toEqual([[], ['file unreadable']]);
    expect(messages(data)).toMatch(/a\.parquet/);
  });
});

describe('a gigabyte of clips', () => {
  const COUNT = 72;
  const MIB = 2 ** 20;

  it.each([
    {
      of: 'in one group, by the headers of its pages',
      size: 16 * MIB,
      rowsPerGroup: 1000,
      offsetIndex: false,
      named: true,
    },
    { of: 'with an index of pages', size: 2 * MIB, rowsPerGroup: 8, offsetIndex: true, named: true },
    { of: 'without names', size: 2 * MIB, rowsPerGroup: 8, offsetIndex: false, named: false },
  ])('opens by its small columns, $of', async ({ size, named, ...how }) => {
    const clip = new Uint8Array(size);
    clip.set(MP4);
    const rows = Array.from({ length: COUNT }, (_, i) => i);
    const columns = [
      column('label', 'text', ...rows.map((i) => (i % 2 ? 'happy' : 'sad'))),
      column('video', 'file', ...rows.map((i) => part(clip, named ? `${i}.mp4` : null))),
    ];
    const written = sparseParquetOf(columns, { codec: 'UNCOMPRESSED', ...how });
    expect(written.length).toBeGreaterThan(COUNT * size);
    const blob = new CountedBlob(written);
    const data = await readDataset(treeFromFiles([{ path: 'set/train.parquet', file: blob }]), { seed: 1 });
    expect([data.examples.length, messages(data)]).toEqual([COUNT, '']);
    await dataIdentity(data);
    // Without names, one clip is looked at for what they are.
    expect(blob.bytesRead).toBeLessThan(named ? MIB : size + MIB);
    const before = blob.bytesRead;
    const [file] = data.examples[41]!.media[0]!.files;
    expect((await file!.blob()).size).toBe(size);
    await file!.blob();
    expect(blob.bytesRead - before).toBeLessThan(size + MIB / 4);
  });

  test('in an archive, too', async () => {
    const archive = await zipOf(
      { 'data/a.parquet': parquetOf([column('video', 'file', part(MP4), part(MP4)), LABELS]) },
      { level: 0 },
    );
    expect(found(await read({ 'set.zip': archive }))).toEqual([
      'data/a.parquet/video/row1/video.mp4 happy',
      'data/a.parquet/video/row2/video.mp4 sad',
    ]);
  });
});
