import type { ClipExample } from '../../data/types.ts';
import type { ClipRecipe } from '../../families/api.ts';
import { baseName } from '../../io/files/files.ts';
import { reading } from '../../io/files/unreadable.ts';
import { refuseMistaken } from '../../io/json/mistaken.ts';
import { decodeImageFolder } from '../../media/pictures.ts';
import type { DecodedClip } from '../../media/types.ts';
import { isImage } from '../../protocol/clip-types.ts';
import { ClipDecoder } from './decode-apart.ts';

/** For clips that a run prepares. */
const forRuns = new ClipDecoder();
/** For clips that a person looks at, who waits for no clip of a run. */
const forPeople = new ClipDecoder();

/** Decodes the clip of an example. @throws InputError naming the clip */
export function decodeExample(example: ClipExample, recipe: ClipRecipe): Promise<DecodedClip> {
  return decodeBy(forRuns, example, recipe);
}

/** As `decodeExample`, beside what runs decode. */
export function decodeForPreview(example: ClipExample, recipe: ClipRecipe): Promise<DecodedClip> {
  return decodeBy(forPeople, example, recipe);
}

/** One file, or a folder of pictures. */
async function decodeBy(
  decoder: ClipDecoder,
  { media: [{ path, files }] }: ClipExample,
  recipe: ClipRecipe,
): Promise<DecodedClip> {
  for (const file of files) {
    await reading(file.path, async () => refuseMistaken(await file.blob(), file.path));
  }
  const { frames, audioSeconds } = recipe;
  if (files.every((file) => isImage(file.path))) {
    const pictures = files.map(async (file) => ({
      name: baseName(file.path),
      blob: await reading(file.path, () => file.blob()),
    }));
    return decodeImageFolder(await Promise.all(pictures), path, { frames });
  }
  const file = await reading(path, () => files[0]!.blob());
  return decoder.decode(file, path, { frames, audioSeconds });
}
