/** What rows show and play: every medium found, told apart by its kind, in its part. */
import { describe, expect, it } from 'vitest';
import { ClipIndex } from '../../src/data/clip-index.ts';
import { matchRows } from '../../src/data/match.ts';
import { readDataset } from '../../src/data/read.ts';
import type { AnnotationRow, NamedMedium } from '../../src/data/types.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { type Contents, clips as clipFiles, read } from './reading.ts';

const FILES = ['v/a.mp4', 'v/b.mp4', 'a.wav', 'p/1.jpg', 'p/2.jpg', 'f/01.jpg', 'f/02.jpg', 'one/x.jpg'];
const clips = new ClipIndex(treeFromMemory('set', Object.fromEntries(FILES.map((path) => [path, 'x']))));

const row = (media: readonly NamedMedium[], at = 1, label = 'sad'): AnnotationRow => ({
  ...{ file: 'data.json', row: at, media, question: 'Which?', answer: label, label, writtenLabel: label },
  ...{ speaker: null, split: null },
});
const taken = (media: readonly NamedMedium[]) => {
  const { examples, issues } = matchRows([row(media)], clips);
  expect(issues).toEqual([]);
  return examples[0]!;
};
const refused = (media: readonly NamedMedium[]) => {
  const { examples, issues } = matchRows([row(media)], clips);
  expect(examples).toEqual([]);
  expect(issues[0]).toMatchObject({ file: 'data.json', row: 1 });
  return issues[0]!.message;
};

describe('the media of a row', () => {
  it.each([
    [[{ path: 'a.mp4' }], [['video', 'v/a.mp4']], 'v/a.mp4'],
    [[{ path: 'a.wav' }], [['audio', 'a.wav']], 'a.wav'],
    [[{ path: 'a.wav', kind: 'video' }], [['audio', 'a.wav']], 'a.wav'],
    [[{ path: 'p/1.jpg' }], [['image', 'p/1.jpg']], 'p/1.jpg'],
    // A folder is a clip, also of one picture.
    [[{ path: 'f' }], [['video', 'f']], 'f'],
    [[{ path: 'one' }], [['video', 'one']], 'one'],
    [[{ path: 'a.mp4', kind: 'audio' }], [['audio', 'v/a.mp4']], 'sound of v/a.mp4'],
    [
      [{ path: 'b.mp4' }, { path: 'a.wav' }],
      [
        ['video', 'v/b.mp4'],
        ['audio', 'a.wav'],
      ],
      'v/b.mp4, a.wav',
    ],
    [
      [{ path: 'f' }, { path: 'a.wav' }],
      [
        ['video', 'f'],
        ['audio', 'a.wav'],
      ],
      'f, a.wav',
    ],
    [
      [{ path: 'p/1.jpg' }, { path: 'p/2.jpg' }],
      [
        ['image', 'p/1.jpg'],
        ['image', 'p/2.jpg'],
      ],
      'p/1.jpg, p/2.jpg',
    ],
  ] as const)('%j are found', (media, kinds, id) => {
    const example = taken(media);
    expect(example.media.map(({ kind, path }) => [kind, path])).toEqual(kinds);
    expect(example.id).toBe(id);
    expect(example.place).toEqual({ file: 'data.json', row: 1 });
  });

  it('may be parts of one recording, each an example of its own', () => {
    const part = (start: number, end: number) => [{ path: 'a.mp4', start, end }];
    const rows = [row(part(0, 2)), row(part(2, 4.5), 2, 'happy'), row([{ path: 'a.mp4' }], 3, 'happy')];
    const { examples, issues } = matchRows([...rows, row(part(0, 2), 4)], clips);
    expect(examples.map(({ id }) => id)).toEqual([
      'v/a.mp4 from 0 to 2 s',
      'v/a.mp4 from 2 to 4.5 s',
      'v/a.mp4',
    ]);
    expect(examples[1]!.media[0]).toMatchObject({ start: 2, end: 4.5 });
    expect(issues).toMatchObject([{ reason: 'row repeated', row: 4 }]);
  });

  it.each([
    [[{ path: 'p/1.jpg', frames: ['p/1.jpg', 'a.wav'] }], 'a.wav is no picture'],
    [[{ path: 'p/1.jpg', frames: ['p/1.jpg', 'p/7.jpg'] }], 'The clip p/7.jpg is not in the folder.'],
    [[{ path: 'a.mp4' }, { path: 'c.wav' }], 'The clip c.wav is not in the folder.'],
    [[{ path: 'a.mp4', kind: 'image' }], 'a.mp4 is a video, and its row names it as a picture.'],
    [[{ path: 'p/1.jpg', kind: 'audio' }], 'p/1.jpg is a picture, and its row names it as sound.'],
    [[{ path: 'a.wav', kind: 'image' }], 'a.wav is sound, and its row names it as a picture.'],
    [[{ path: 'a.mp4', start: 3, end: 3 }], 'v/a.mp4 from 3 to 3 s: expected a part that begins'],
    [[{ path: 'a.mp4', start: -1 }], 'v/a.mp4 from -1 s on: expected a part'],
    [[{ path: 'p/1.jpg', end: 2 }], 'p/1.jpg from 0 to 2 s: a picture has no part'],
  ] as const)('%j are an issue of the row', (media, message) => {
    expect(refused(media)).toContain(message);
  });

  it('may be a video by its pictures, in the order of the row', () => {
    const frames = ['p/2.jpg', 'p/1.jpg', 'f/01.jpg'];
    const { id, media } = taken([{ path: 'p/2.jpg', frames }]);
    expect(media[0]!.kind).toBe('video');
    expect(media[0]!.files.map(({ path }) => path)).toEqual(frames);
    const other = taken([{ path: 'p/2.jpg', frames: ['p/2.jpg', 'f/02.jpg', 'f/01.jpg'] }]);
    expect(id).toMatch(/^p\/2\.jpg to f\/01\.jpg \(3 pictures, /);
    expect(other.id).not.toBe(id);
  });

  it('may be none among rows that show something', () => {
    const texts = [row([], 2), { ...row([], 3), question: 'What is 2 + 2?' }, row([], 4)];
    const { examples, issues } = matchRows([row([{ path: 'a.mp4' }]), ...texts], clips);
    expect(examples.map(({ id, media }) => [id, media.length])).toEqual([
      ['v/a.mp4', 1],
      ['data.json:2', 0],
      ['data.json:3', 0],
    ]);
    expect(issues).toMatchObject([{ reason: 'row repeated', row: 4 }]);
  });
});

describe('a list of rows that show something else each', () => {
  it('is read whole, each with its media in order, in its part', async () => {
    const rows = [
      { video: 'v/a.mp4', audio: 'a.wav', label: 'sad' },
      { video: 'v/a.mp4', audio: 'a.wav', start: 1, end: 2.5, label: 'happy' },
      { images: ['p/1.jpg', 'p/2.jpg'], question: 'Are <image> and <image> alike?', answer: 'no' },
      { image: 'p/1.jpg', question: 'What is it?', answer: 'a cat' },
      { audio: 'a.wav', question: 'Who speaks?', answer: 'Ann' },
      { question: 'What is 2 + 2?', answer: '4' },
    ];
    const files = Object.fromEntries(FILES.map((path) => [path, 'x']));
    const tree = treeFromMemory('set', { ...files, 'data.json': JSON.stringify(rows) });
    const { examples, issues, kind } = await readDataset(tree, {
      seed: 1,
      columns: { start: 'start', end: 'end' },
    });
    expect([kind, issues]).toEqual(['clips', []]);
    const shown = examples.map(({ media }) =>
      media.map(({ kind: each, path, start, end }) =>
        [each, path, start, end].filter((word) => word !== undefined),
      ),
    );
    expect(shown).toEqual([
      [
        ['video', 'v/a.mp4'],
        ['audio', 'a.wav'],
      ],
      [
        ['video', 'v/a.mp4', 1, 2.5],
        ['audio', 'a.wav', 1, 2.5],
      ],
      [
        ['image', 'p/1.jpg'],
        ['image', 'p/2.jpg'],
      ],
      [['image', 'p/1.jpg']],
      [['audio', 'a.wav']],
      [],
    ]);
  });
});

describe('the sound of a clip', () => {
  const mediaIn = async (contents: Contents) =>
    (await read(contents)).examples.map(({ media, label }) => [
      ...media.map(({ kind, path }) => `${kind} ${path}`),
      label,
    ]);
  const FRAMES = clipFiles('x/1.jpg', 'x/2.jpg', 'x/audio.wav', 'y/1.jpg', 'y/2.jpg', 'y/audio.wav');

  it('lies among its pictures', async () => {
    expect(await mediaIn({ ...FRAMES, 'list.csv': 'path,label\nx,sad\ny,happy\n' })).toEqual([
      ['video x', 'audio x/audio.wav', 'sad'],
      ['video y', 'audio y/audio.wav', 'happy'],
    ]);
    const folders = clipFiles(
      ...Object.keys(FRAMES).map((path) => `${path[0] === 'x' ? 'sad' : 'happy'}/${path}`),
    );
    expect(await mediaIn(folders)).toEqual([
      ['video happy/y', 'audio happy/y/audio.wav', 'happy'],
      ['video sad/x', 'audio sad/x/audio.wav', 'sad'],
    ]);
  });

  it('stands in a column of any name beside that of its picture', async () => {
    const files = clipFiles('a.mp4', 'a.wav', 'b.mp4', 'b.wav');
    const list = 'clip,speech,label\na.mp4,a.wav,sad\nb.mp4,b.wav,happy\n';
    expect(await mediaIn({ ...files, 'list.csv': list })).toEqual([
      ['video a.mp4', 'audio a.wav', 'sad'],
      ['video b.mp4', 'audio b.wav', 'happy'],
    ]);
    expect(await mediaIn({ ...FRAMES, 'list.csv': 'frames,wav,label\nx,y/audio.wav,sad\n' })).toEqual([
      ['video x', 'audio y/audio.wav', 'sad'],
    ]);
  });
});
