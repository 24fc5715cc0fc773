import type { ClipExample, Medium } from '../../data/types.ts';
import type { ClipRecipe } from '../../families/api.ts';
import type { DecodedClip, DecodedMedium, DecodeOptions } from '../../media/types.ts';

/** Turns a medium's files into frames and sound. @throws InputError naming the file, also one that would never end */
export type Decode = (medium: Medium, options: DecodeOptions) => Promise<DecodedClip>;

/** What an example shows and plays, as far as the model takes notice of it. @throws InputError naming the file */
export async function decodeMedia(
  { media }: Pick<ClipExample, 'media'>,
  recipe: Pick<ClipRecipe, 'decoding'>,
  decode: Decode,
): Promise<DecodedMedium[]> {
  const wanted = recipe.decoding(media.map(({ kind }) => kind));
  const decoded: DecodedMedium[] = [];
  for (const [index, medium] of media.entries()) {
    const options = wanted[index];
    const { kind, start, end } = medium;
    const part = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
    if (options) decoded.push({ kind, clip: await decode(medium, { ...options, ...part }) });
  }
  return decoded;
}
