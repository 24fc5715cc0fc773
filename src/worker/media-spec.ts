import { mergedTokens, type ShownClip, type VisionGrid } from '../decoder/mrope.ts';
import { mediaTokenCounts } from '../families/humanomni/parts.ts';
import type { ModelConfig } from '../families/index.ts';
import { InputError } from '../math/errors.ts';
import { type FrameChoice, MOST_SPREAD_FRAMES } from '../media/frame-sampling.ts';
import type { PatchOptions } from '../media/patches.ts';
import { SAMPLE_RATE } from '../media/types.ts';
import type { MediaCounts } from '../rl/prompt-tokens.ts';

/** How a clip is prepared for towers that take so many pictures of one size, and sound. */
export interface TowerSpec {
  readonly kind: 'towers';
  readonly frames: number;
  /** Width and height of the picture the vision tower takes, in pixels. */
  readonly side: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Absent when the model has no ear. */
  readonly sound?: { readonly melBins: number; readonly samples: number };
}

/** How a clip is prepared for a tower that takes frames of any size in patches. */
export interface PatchSpec {
  readonly kind: 'patches';
  readonly patches: PatchOptions;
}

/** How a clip must be prepared for a model's towers. */
export type MediaSpec = TowerSpec | PatchSpec;

/** Samples per column of the log-mel spectrogram, and columns per position of the audio tower. */
const HOP = 160;
const COLUMNS_PER_POSITION = 2;
/** Bounds of a frame for Qwen2-VL and Qwen2.5-VL: their processor's smallest, and the largest that R1-Omni's trainer asks for. */
const MIN_PIXELS = 56 * 56;
const MAX_PIXELS = 240 * 240;

/** From the towers' configs and the vision tower's preprocessor_config.json (`{}` for SigLIP's defaults). */
export function mediaSpec(config: ModelConfig, preprocessor: Readonly<Record<string, unknown>>): MediaSpec {
  if (config.family !== 'HumanOmni') {
    const { patchSize, temporalPatchSize, merge } = config.vision;
    const pixels = { minPixels: MIN_PIXELS, maxPixels: MAX_PIXELS };
    return { kind: 'patches', patches: { patchSize, temporalPatchSize, merge, ...pixels } };
  }
  const { frames, vision, audio } = config;
  return {
    kind: 'towers',
    frames,
    side: vision.imageSize,
    mean: triple(preprocessor, 'image_mean', 0.5, () => true),
    std: triple(preprocessor, 'image_std', 0.5, (channel) => channel > 0),
    ...(audio
      ? { sound: { melBins: audio.melBins, samples: COLUMNS_PER_POSITION * HOP * audio.positions } }
      : {}),
  };
}

/** Which frames of a clip are shown. */
export function frameChoice(spec: MediaSpec): FrameChoice {
  return spec.kind === 'towers' ? spec.frames : 'spread';
}

/** Seconds of sound that a clip may have. */
export function audioSeconds(spec: MediaSpec): number {
  return spec.kind === 'towers' ? (spec.sound?.samples ?? 0) / SAMPLE_RATE : 0;
}

/** A grid of as many patches as a clip can become, for models that take frames of any size. */
export function largestGrid({ patches }: PatchSpec): VisionGrid {
  const { patchSize, temporalPatchSize, merge, maxPixels } = patches;
  const tokens = Math.floor(maxPixels / (patchSize * merge) ** 2);
  return [MOST_SPREAD_FRAMES / temporalPatchSize, merge, merge * tokens];
}

/** Frames of one size, as they are shown of a clip. */
interface Frames {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  /** Length of the clip. */
  readonly seconds: number;
}

/** What a tower that takes frames of any size is shown of a clip. */
export function shownClip({ frames, height, width, seconds }: Frames, { patches }: PatchSpec): ShownClip {
  const { patchSize, temporalPatchSize } = patches;
  const slices = frames / temporalPatchSize;
  return { grid: [slices, height / patchSize, width / patchSize], sliceSeconds: seconds / slices };
}

/** Tokens that a clip becomes, at most. */
export function mediaCounts(config: ModelConfig, spec: MediaSpec): MediaCounts {
  if (config.family === 'HumanOmni') return mediaTokenCounts(config);
  const video = spec.kind === 'patches' ? mergedTokens(largestGrid(spec), config.vision.merge) : 0;
  return { video, audio: 0 };
}

/** A number for each of the three colours; absent: the same for all. */
function triple(
  preprocessor: Readonly<Record<string, unknown>>,
  key: string,
  fallback: number,
  fits: (channel: number) => boolean,
): readonly [number, number, number] {
  const value = preprocessor[key] ?? [fallback, fallback, fallback];
  const numbers = Array.isArray(value) ? value : [];
  const [r, g, b] = numbers;
  const isFit = (channel: unknown) =>
    typeof channel === 'number' && Number.isFinite(channel) && fits(channel);
  if (numbers.length === 3 && [r, g, b].every(isFit)) return [r, g, b];
  throw new InputError(
    `preprocessor_config.json: "${key}" is ${JSON.stringify(value)}, expected three numbers${fits(0) ? '' : ' above 0'}.`,
  );
}
