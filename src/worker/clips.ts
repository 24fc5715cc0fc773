import { isImage } from '../data/clip-index.ts';
import type { Example } from '../data/types.ts';
import { baseName } from '../io/files.ts';
import { InputError } from '../math/errors.ts';
import { decodeClip } from '../media/decode.ts';
import { logMel } from '../media/log-mel.ts';
import { decodeImageFolder } from '../media/pictures.ts';
import { pixelsFromFrames } from '../media/pixels.ts';
import { type DecodedClip, missingAudio } from '../media/types.ts';
import type { ClipInput } from '../rl/encoder.ts';
import { audioSeconds, type MediaSpec } from './media-spec.ts';

/** Decodes the clip of an example: one file, or a folder of pictures. @throws InputError naming the clip */
export async function decodeExample({ path, files }: Example, spec: MediaSpec): Promise<DecodedClip> {
  const { frames } = spec;
  if (files.every((file) => isImage(file.path))) {
    const pictures = files.map(async (file) => ({ name: baseName(file.path), blob: await file.blob() }));
    return decodeImageFolder(await Promise.all(pictures), path, { frames });
  }
  return decodeClip(await files[0]!.blob(), path, { frames, audioSeconds: audioSeconds(spec) });
}

/**
 * Pixels and log-mel of a decoded clip, made on the device that tfjs was given. A clip without sound is heard as the
 * published ten seconds of silence; one without a picture cannot be shown to the model. @throws InputError
 */
export async function clipInput(
  clip: DecodedClip,
  spec: MediaSpec,
): Promise<Required<Pick<ClipInput, 'pixels'>> & ClipInput> {
  if (clip.frames.length === 0) {
    throw new InputError(`${clip.name}: found sound but no picture, expected a clip with both.`, {
      hint: 'Give the clip a picture (a black one will do), or remove its row.',
    });
  }
  const { side, mean, std, sound } = spec;
  const pixels = await pixelsFromFrames(clip.frames, side, { fit: 'pad', mean, std });
  if (!sound) return { pixels };
  return { pixels, logMel: await logMel(clip.waveform ?? missingAudio(), sound.melBins, sound) };
}

/** A clip of which nothing is seen and nothing is heard: zeros where pixels and samples would be. */
export async function emptyInput({ frames, side, sound }: MediaSpec): Promise<ClipInput> {
  const pixels = new Float32Array(frames * 3 * side * side);
  return sound
    ? { pixels, logMel: await logMel(new Float32Array(sound.samples), sound.melBins, sound) }
    : { pixels };
}
