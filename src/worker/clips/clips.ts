import { type Medium, mediumName } from '../../data/types.ts';
import { baseName } from '../../io/files/files.ts';
import { reading } from '../../io/files/unreadable.ts';
import { refuseMistaken } from '../../io/json/mistaken.ts';
import { decodeImageFolder } from '../../media/pictures.ts';
import type { DecodedClip, DecodeOptions } from '../../media/types.ts';
import { isImage } from '../../protocol/clip-types.ts';
import { ClipDecoder } from './decode-apart.ts';
import type { Decode } from './decoded.ts';

/** For clips that a run prepares. */
const forRuns = new ClipDecoder();
/** For clips that a person looks at, who waits for no clip of a run. */
const forPeople = new ClipDecoder();

/** Decodes what an example shows or plays. @throws InputError naming the file */
export const decodeForRuns: Decode = (medium, options) => decodeBy(forRuns, medium, options);

/** As `decodeForRuns`, beside what runs decode. */
export const decodeForPreview: Decode = (medium, options) => decodeBy(forPeople, medium, options);

/** One file, or a folder of pictures. */
async function decodeBy(decoder: ClipDecoder, medium: Medium, options: DecodeOptions): Promise<DecodedClip> {
  const { path, files } = medium;
  const name = mediumName(medium);
  for (const file of files) {
    await reading(file.path, async () => refuseMistaken(await file.blob(), file.path));
  }
  if (files.every((file) => isImage(file.path))) {
    const { frames = 1 } = options;
    const pictures = files.map(async (file) => ({
      name: baseName(file.path),
      blob: await reading(file.path, () => file.blob()),
    }));
    return decodeImageFolder(await Promise.all(pictures), name, {
      ...options,
      frames,
      inOrder: medium.frames !== undefined,
    });
  }
  const file = await reading(path, () => files[0]!.blob());
  return decoder.decode(file, name, options);
}
