import { InputError } from '../../math/errors.ts';
import type { DecodedClip, DecodedMedium, MediumKind } from '../../media/types.ts';

/** Throws an InputError for a video that turned out to be sound alone. */
export function demandPicture({ name, frames }: DecodedClip): void {
  if (frames.length > 0) return;
  throw new InputError(`${name}: found sound but no picture, expected a clip with both.`, {
    hint: 'Give the clip a picture (a black one will do), name it as sound (in a column "audio"), or remove its row.',
  });
}

export const isSeen = (kind: MediumKind): boolean => kind !== 'audio';

/** What of an example's media is seen, and what is heard by itself. */
export const seenOf = (media: readonly DecodedMedium[]): DecodedMedium[] =>
  media.filter(({ kind }) => isSeen(kind));
