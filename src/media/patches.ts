/** Frames as Qwen2-VL's vision tower takes them: one row of values a patch. */
import { InputError } from '../math/errors.ts';
import { pixelsFromFrames } from './pixels.ts';
import { smartResize } from './smart-resize.ts';
import type { RgbFrame } from './types.ts';

const CHANNELS = 3;
/** Per-channel mean and standard deviation of CLIP's training pictures, of values in 0..1. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;

export interface PatchOptions {
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Frames of a patch. */
  readonly temporalPatchSize: number;
  /** Patches along one side of a token. */
  readonly merge: number;
  /** Bounds of a resized frame's width · height. */
  readonly minPixels: number;
  readonly maxPixels: number;
}

/** A picture or video in patches. */
export interface Patches {
  /** [patches, channels · frames · rows · columns of a patch], tokens one after another, each of merge² neighbours. */
  readonly rows: Float32Array;
  /** Patches in time, down and across. */
  readonly grid: readonly [slices: number, rows: number, columns: number];
}

/**
 * Cuts frames into patches. pixels [frames, 3, height, width], frames a multiple of `temporalPatchSize`; order of patches:
 * slices of frames, in them squares of merge · merge row by row, in a square row by row.
 */
export function patchRows(
  pixels: Float32Array,
  { frames, height, width }: { frames: number; height: number; width: number },
  { patchSize: p, temporalPatchSize, merge }: Pick<PatchOptions, 'patchSize' | 'temporalPatchSize' | 'merge'>,
): Patches {
  const grid = [frames / temporalPatchSize, height / p, width / p] as const;
  const rows = new Float32Array(pixels.length);
  let at = 0;
  const copyPatch = (slice: number, top: number, left: number): void => {
    for (let channel = 0; channel < CHANNELS; channel++) {
      for (let frame = 0; frame < temporalPatchSize; frame++) {
        const plane = ((slice * temporalPatchSize + frame) * CHANNELS + channel) * height;
        for (let y = 0; y < p; y++, at += p) {
          const start = (plane + top * p + y) * width + left * p;
          rows.set(pixels.subarray(start, start + p), at);
        }
      }
    }
  };
  for (let slice = 0; slice < grid[0]; slice++) {
    for (let top = 0; top < grid[1]; top += merge) {
      for (let left = 0; left < grid[2]; left += merge) {
        for (let i = 0; i < merge ** 2; i++)
          copyPatch(slice, top + Math.floor(i / merge), left + (i % merge));
      }
    }
  }
  return { rows, grid };
}

/** Frames of one size as numbers around zero: f32 [frames, 3, height, width]. */
export interface Pixels {
  readonly values: Float32Array;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

/**
 * A picture (one frame) or a video: all frames resized to the size that `smartResize` gives the first by Pillow's bicubic,
 * and normalised as for CLIP. The last frame is repeated until the frames fill whole patches.
 * The resize runs on the device that `startTfOnDevice` was given. Throws an InputError for no frames.
 */
export async function patchPixels(frames: readonly RgbFrame[], options: PatchOptions): Promise<Pixels> {
  const [first] = frames;
  if (!first) throw new InputError('A video without frames; expected at least one.');
  const { patchSize, temporalPatchSize, merge, minPixels, maxPixels } = options;
  const limits = { factor: patchSize * merge, minPixels, maxPixels };
  const size = smartResize(first.height, first.width, limits);
  const pixels = await pixelsFromFrames(frames, size, { fit: 'squash', mean: CLIP_MEAN, std: CLIP_STD });
  const whole = Math.ceil(frames.length / temporalPatchSize) * temporalPatchSize;
  const filled = new Float32Array((pixels.length / frames.length) * whole);
  filled.set(pixels);
  const last = pixels.subarray(pixels.length - pixels.length / frames.length);
  for (let frame = frames.length; frame < whole; frame++) filled.set(last, frame * last.length);
  return { values: filled, frames: whole, ...size };
}

/** A picture or a video in patches; as `patchPixels`. */
export async function patchesFromFrames(
  frames: readonly RgbFrame[],
  options: PatchOptions,
): Promise<Patches> {
  const { values, ...size } = await patchPixels(frames, options);
  return patchRows(values, size, options);
}
