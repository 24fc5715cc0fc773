import { InputError } from '../../math/errors.ts';
import type { DecodedClip } from '../../media/types.ts';

/** Throws an InputError for a clip of sound alone. */
export function demandPicture({ name, frames }: DecodedClip): void {
  if (frames.length > 0) return;
  throw new InputError(`${name}: found sound but no picture, expected a clip with both.`, {
    hint: 'Give the clip a picture (a black one will do), or remove its row.',
  });
}
