/** The files that a row shows and plays, for people: handles, of which the page plays what its browser can. */
import { type Dataset, type Medium, mediumName } from '../../data/types.ts';
import { reading } from '../../io/files/unreadable.ts';
import { InputError } from '../../math/errors.ts';
import type { AnswerOf, ClipFile } from '../../protocol/messages.ts';

/** @throws InputError where there is no such row, or its file cannot be opened any more */
export async function clipFiles(
  exampleId: string,
  data: Dataset | undefined,
): Promise<AnswerOf<'clipFiles'>> {
  const example = data?.examples.find(({ id }) => id === exampleId);
  if (!example) {
    throw new InputError(`The data set that is open has no "${exampleId}".`, {
      hint: 'Open the folder that the run was trained on, on the Data screen.',
    });
  }
  return { media: await Promise.all(example.media.map(playable)) };
}

async function playable(medium: Medium): Promise<ClipFile> {
  const { kind, files, start, end } = medium;
  const [file] = files;
  const isOne = file !== undefined && files.length === 1;
  return {
    ...{ name: mediumName(medium), kind },
    ...(isOne ? { file: await reading(file.path, () => file.blob()) } : {}),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}
