import { reading } from '../io/files/unreadable.ts';
import { InputError } from '../math/errors.ts';
import { chooseFrames, type FrameChoice } from './frame-sampling.ts';
import { checkPart, checkPictureFile, partSeconds } from './limits.ts';
import type { Part } from './part.ts';
import { readPixels, rgbFromRgba, solidFrame } from './rgb.ts';
import type { DecodedClip, RgbFrame } from './types.ts';

/** Frames per second the published code takes animated GIFs and folders of pictures to have. */
const GIF_FPS = 25;
const FOLDER_FPS = 3;

/** One picture of a folder that stands for a clip. */
export interface NamedPicture {
  readonly name: string;
  readonly blob: Blob;
}

interface PictureClip {
  readonly name: string;
  readonly frames: readonly RgbFrame[];
  readonly frameIndices: readonly number[];
  readonly frameCount: number;
  readonly fps: number;
  readonly warnings: readonly string[];
}

function silentClip(clip: PictureClip, part: Part): DecodedClip {
  const { width, height } = clip.frames[0]!;
  const durationSeconds = partSeconds(part, clip.frameCount / clip.fps);
  return { ...clip, width, height, waveform: null, durationSeconds };
}

/**
 * An animated GIF as a clip without sound, at 25 frames per second.
 *
 * As in the published code a frame is never repeated: where the sampling rule names one twice, black frames follow at
 * the end, their width and height exchanged.
 */
export async function decodeGif(
  blob: Blob,
  name: string,
  choice: FrameChoice,
  part: Part = {},
): Promise<DecodedClip> {
  await checkPictureFile(name, blob);
  const decoder = new ImageDecoder({ type: 'image/gif', data: blob.stream(), colorSpaceConversion: 'none' });
  try {
    await decoder.completed;
    const frameCount = decoder.tracks.selectedTrack!.frameCount;
    const seconds = frameCount / GIF_FPS;
    checkPart(name, part, seconds);
    const wanted = chooseFrames(choice, frameCount, seconds, part);
    const frameIndices = [...new Set(wanted)];
    const frames: RgbFrame[] = [];
    for (const frameIndex of frameIndices) {
      const { image } = await decoder.decode({ frameIndex });
      frames.push(await readPixels(image).finally(() => image.close()));
    }
    const { width, height } = frames[0]!;
    const missing = wanted.length - frames.length;
    for (let i = 0; i < missing; i++) frames.push(solidFrame(height, width, 0));
    const warnings =
      missing > 0
        ? [`${name}: ${frameCount} frames for ${wanted.length}; ${missing} black frames added.`]
        : [];
    return silentClip({ name, frames, frameIndices, frameCount, fps: GIF_FPS, warnings }, part);
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(
      `${name}: found a GIF that does not decode (${String(cause)}), expected a whole one.`,
      {
        hint: 'Copy or export the file again, or remove its row.',
        cause,
      },
    );
  } finally {
    decoder.close();
  }
}

async function decodePicture({ name, blob }: NamedPicture): Promise<RgbFrame> {
  await reading(name, () => checkPictureFile(name, blob));
  try {
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return rgbFromRgba(context.getImageData(0, 0, width, height).data, width, height);
  } catch (cause) {
    throw new InputError(
      `${name}: found ${blob.size} bytes that are no picture, expected JPEG, PNG, WebP, BMP or GIF.`,
      {
        hint: 'Replace the picture, or remove it from the folder.',
        cause,
      },
    );
  }
}

/**
 * A folder of pictures as a clip without sound: names in code-point order, or as they are given, three pictures per second.
 * @param name the folder's name, for messages
 * @throws InputError when the folder is empty or one of the chosen pictures does not decode
 */
export async function decodeImageFolder(
  pictures: readonly NamedPicture[],
  name: string,
  {
    frames: choice,
    inOrder = false,
    ...part
  }: Part & { readonly frames: FrameChoice; readonly inOrder?: boolean },
): Promise<DecodedClip> {
  if (pictures.length === 0) {
    throw new InputError(`${name}: found no pictures in the folder, expected at least one.`, {
      hint: 'Put JPEG or PNG frames into it, or remove its row.',
    });
  }
  const sorted = inOrder ? pictures : [...pictures].sort((a, b) => (a.name < b.name ? -1 : 1));
  const seconds = sorted.length / FOLDER_FPS;
  checkPart(name, part, seconds);
  const frameIndices = chooseFrames(choice, sorted.length, seconds, part);
  const decoded = new Map<number, RgbFrame>();
  for (const index of new Set(frameIndices)) decoded.set(index, await decodePicture(sorted[index]!));
  const frames = frameIndices.map((index) => decoded.get(index)!);
  const clip = { name, frames, frameIndices, frameCount: sorted.length, fps: FOLDER_FPS, warnings: [] };
  return silentClip(clip, part);
}
