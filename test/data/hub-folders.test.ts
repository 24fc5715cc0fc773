/** Folders as `datasets` reads them: AudioFolder, ImageFolder and VideoFolder, by folders of classes and by metadata. */
import { describe, expect, it } from 'vitest';
import { clips, lines, read, withSplits } from './reading.ts';

describe.each([
  ['AudioFolder', 'wav', 'audio'],
  ['ImageFolder', 'png', 'image'],
  ['VideoFolder', 'mp4', 'video'],
])('%s', (_, ending, kind) => {
  const kinds = ({ examples }: Awaited<ReturnType<typeof read>>) => [
    ...new Set(examples.flatMap(({ media }) => media.map((medium) => medium.kind))),
  ];

  it('by a folder a class in each split', async () => {
    const data = await read(
      clips(...['train/dog/1', 'train/cat/2', 'test/dog/3'].map((path) => `${path}.${ending}`)),
    );
    expect([withSplits(data), kinds(data)]).toEqual([
      [`test/dog/3.${ending} dog test`, `train/cat/2.${ending} cat train`, `train/dog/1.${ending} dog train`],
      [kind],
    ]);
  });

  it.each([
    ['csv', `file_name,label\n1.${ending},dog\n2.${ending},cat\n`],
    ['jsonl', lines({ file_name: `1.${ending}`, label: 'dog' }, { file_name: `2.${ending}`, label: 'cat' })],
  ])('by metadata.%s in each split, whose names are relative to it', async (form, list) => {
    const names = [1, 2].flatMap((n) => [`train/${n}.${ending}`, `validation/${n}.${ending}`]);
    const data = await read({
      ...clips(...names),
      [`train/metadata.${form}`]: list,
      [`validation/metadata.${form}`]: list,
    });
    expect([withSplits(data).sort(), kinds(data)]).toEqual([
      [
        `train/1.${ending} dog train`,
        `train/2.${ending} cat train`,
        `validation/1.${ending} dog val`,
        `validation/2.${ending} cat val`,
      ],
      [kind],
    ]);
  });
});
