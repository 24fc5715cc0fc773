import { expect, it } from 'vitest';
import type { Dataset, Example } from '../../src/data/types.ts';
import { clipFiles } from '../../src/worker/clips/clip-files.ts';

const blob = new Blob(['picture and sound']);
const file = (path: string) => ({ path, blob: async () => blob });
const row = (id: string, media: Example['media']): Example => ({
  ...{ id, media, label: 'happy', writtenLabel: 'happy', question: null, answer: 'happy' },
  ...{ speaker: null, split: 'train' },
});
const data = {
  examples: [
    row('part', [
      { path: 'long.mp4', kind: 'video', files: [file('long.mp4')], start: 3, end: 4.5 },
      { path: 'b.mp4', kind: 'audio', files: [file('b.mp4')] },
    ]),
    row('pictures', [{ path: 'p', kind: 'video', files: [file('p/1.png'), file('p/2.png')] }]),
    row('text', []),
    row('gone', [
      {
        ...{ path: 'gone.mp4', kind: 'video' },
        files: [
          { path: 'gone.mp4', blob: async () => Promise.reject(new DOMException('', 'NotFoundError')) },
        ],
      },
    ]),
  ],
} as unknown as Dataset;

it('hands out the very file of each thing that a row shows and plays, with its part of a recording', async () => {
  const { media } = await clipFiles('part', data);
  expect(media).toEqual([
    { name: 'long.mp4 from 3 to 4.5 s', kind: 'video', file: blob, start: 3, end: 4.5 },
    { name: 'sound of b.mp4', kind: 'audio', file: blob },
  ]);
  expect(media[0]!.file).toBe(blob);
});

it('has no file for a folder of pictures, and nothing for text alone', async () => {
  expect(await clipFiles('pictures', data)).toEqual({ media: [{ name: 'p', kind: 'video' }] });
  expect(await clipFiles('text', data)).toEqual({ media: [] });
});

it('says which row is not there, and which file cannot be opened any more', async () => {
  await expect(clipFiles('other', data)).rejects.toThrow('The data set that is open has no "other".');
  await expect(clipFiles('part', undefined)).rejects.toThrow('has no "part"');
  await expect(clipFiles('gone', data)).rejects.toThrow(/gone\.mp4/);
});
