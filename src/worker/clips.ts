import { isImage } from '../data/clip-index.ts';
import type { Example } from '../data/types.ts';
import type { ClipInput } from '../families/shared/clip-encoder.ts';
import { baseName } from '../io/files.ts';
import { refuseMistaken } from '../io/mistaken.ts';
import { reading } from '../io/unreadable.ts';
import { InputError } from '../math/errors.ts';
import { logMel } from '../media/log-mel.ts';
import { CLIP_MEAN, CLIP_STD, patchPixels, patchRows } from '../media/patches.ts';
import { decodeImageFolder } from '../media/pictures.ts';
import { pixelsFromFrames } from '../media/pixels.ts';
import { type DecodedClip, missingAudio } from '../media/types.ts';
import { MOST_CLIP_SECONDS } from '../rl/prepare.ts';
import { ClipDecoder } from './decode-apart.ts';
import { audioSeconds, frameChoice, type MediaSpec, shownClip, type TowerSpec } from './media-spec.ts';

/** For clips that a run prepares. */
const forRuns = new ClipDecoder();
/** For clips that a person looks at, who waits for no clip of a run. */
const forPeople = new ClipDecoder();

/** Decodes the clip of an example. @throws InputError naming the clip */
export function decodeExample(example: Example, spec: MediaSpec): Promise<DecodedClip> {
  return decodeBy(forRuns, example, spec);
}

/** As `decodeExample`, beside what runs decode. */
export function decodeForPreview(example: Example, spec: MediaSpec): Promise<DecodedClip> {
  return decodeBy(forPeople, example, spec);
}

/** One file, or a folder of pictures. */
async function decodeBy(
  decoder: ClipDecoder,
  { path, files }: Example,
  spec: MediaSpec,
): Promise<DecodedClip> {
  for (const file of files) {
    await reading(file.path, async () => refuseMistaken(await file.blob(), file.path));
  }
  const frames = frameChoice(spec);
  if (files.every((file) => isImage(file.path))) {
    const pictures = files.map(async (file) => ({
      name: baseName(file.path),
      blob: await reading(file.path, () => file.blob()),
    }));
    return decodeImageFolder(await Promise.all(pictures), path, { frames });
  }
  const file = await reading(path, () => files[0]!.blob());
  return decoder.decode(file, path, { frames, audioSeconds: audioSeconds(spec) });
}

/** The pictures of a clip as the model sees them: f32 [frames, 3, height, width], `value · std + mean` in 0..1. */
export interface Pictures {
  readonly values: Float32Array;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  /** Length of the clip. */
  readonly seconds: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Made on the device that tfjs was given. @throws InputError where a clip has no picture */
export async function clipPictures(clip: DecodedClip, spec: MediaSpec): Promise<Pictures> {
  if (clip.frames.length === 0) {
    throw new InputError(`${clip.name}: found sound but no picture, expected a clip with both.`, {
      hint: 'Give the clip a picture (a black one will do), or remove its row.',
    });
  }
  const seconds = clip.durationSeconds;
  if (spec.kind === 'patches') {
    if (seconds > MOST_CLIP_SECONDS) {
      throw new InputError(`${clip.name}: found ${seconds} s, expected at most ${MOST_CLIP_SECONDS} s.`, {
        hint: 'Cut the clip, or remove its row.',
      });
    }
    return { ...(await patchPixels(clip.frames, spec.patches)), seconds, mean: CLIP_MEAN, std: CLIP_STD };
  }
  const { side, mean, std } = spec;
  const values = await pixelsFromFrames(clip.frames, side, { fit: 'pad', mean, std });
  return { values, frames: clip.frames.length, height: side, width: side, seconds, mean, std };
}

/** The log-mel of a clip where the model hears; one without sound is heard as the published ten seconds of silence. */
export async function clipLogMel(clip: DecodedClip, spec: MediaSpec): Promise<Float32Array | undefined> {
  if (spec.kind === 'patches' || !spec.sound) return undefined;
  return logMel(clip.waveform ?? missingAudio(), spec.sound.melBins, spec.sound);
}

/** What the towers take of a decoded clip. @throws InputError where a clip has no picture */
export async function clipInput(clip: DecodedClip, spec: MediaSpec): Promise<ClipInput> {
  const pictures = await clipPictures(clip, spec);
  const { values } = pictures;
  if (spec.kind === 'patches') {
    const { rows } = patchRows(values, pictures, spec.patches);
    return { patches: { rows, ...shownClip(pictures, spec) } };
  }
  const heard = await clipLogMel(clip, spec);
  return heard ? { pixels: values, logMel: heard } : { pixels: values };
}

/** A clip of which nothing is seen and nothing is heard: zeros where pixels and samples would be. */
export async function emptyInput({ frames, side, sound }: TowerSpec): Promise<ClipInput> {
  const pixels = new Float32Array(frames * 3 * side * side);
  return sound
    ? { pixels, logMel: await logMel(new Float32Array(sound.samples), sound.melBins, sound) }
    : { pixels };
}
