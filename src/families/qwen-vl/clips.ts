import { mergedTokens, type ShownClip, type VisionGrid } from '../../decoder/mrope.ts';
import { InputError } from '../../math/errors.ts';
import { MOST_SPREAD_FRAMES } from '../../media/frame-sampling.ts';
import { CLIP_MEAN, CLIP_STD, type PatchOptions, patchPixels, patchRows } from '../../media/patches.ts';
import type { DecodedClip } from '../../media/types.ts';
import type { ClipRecipe, Pictures } from '../api.ts';
import type { ClipInput } from '../shared/clip-encoder.ts';
import { demandPicture } from '../shared/pictures.ts';
import type { Qwen2VlConfig } from './parts.ts';

/** The longest clip whose time positions a run makes room for. */
export const MOST_CLIP_SECONDS = 3600;
/** Bounds of a frame: the smallest of the published processor, and the largest that R1-Omni's trainer asks for. */
const MIN_PIXELS = 56 * 56;
const MAX_PIXELS = 240 * 240;

/** Frames of any size in patches, spread over the clip. */
export function qwenVlClips({ vision }: Qwen2VlConfig): ClipRecipe {
  const { patchSize, temporalPatchSize, merge } = vision;
  const patches = { patchSize, temporalPatchSize, merge, minPixels: MIN_PIXELS, maxPixels: MAX_PIXELS };
  const largest = largestGrid(patches);
  const shown = (pictures: Pictures) => shownClip(pictures, patches);
  const pictures = (clip: DecodedClip) => picturesOf(clip, patches);
  return {
    identity: { kind: 'patches', patches },
    counts: { video: mergedTokens(largest, merge), audio: 0 },
    frames: 'spread',
    audioSeconds: 0,
    largest,
    pictures,
    shown,
    async input(clip): Promise<ClipInput> {
      const seen = await pictures(clip);
      const { rows } = patchRows(seen.values, seen, patches);
      return { patches: { rows, ...shown(seen) } };
    },
  };
}

async function picturesOf(clip: DecodedClip, patches: PatchOptions): Promise<Pictures> {
  demandPicture(clip);
  const { name, durationSeconds: seconds } = clip;
  if (seconds > MOST_CLIP_SECONDS) {
    throw new InputError(`${name}: found ${seconds} s, expected at most ${MOST_CLIP_SECONDS} s.`, {
      hint: 'Cut the clip, or remove its row.',
    });
  }
  return { ...(await patchPixels(clip.frames, patches)), seconds, mean: CLIP_MEAN, std: CLIP_STD };
}

/** A grid of as many patches as a clip can become. */
function largestGrid({ patchSize, temporalPatchSize, merge, maxPixels }: PatchOptions): VisionGrid {
  const tokens = Math.floor(maxPixels / (patchSize * merge) ** 2);
  return [MOST_SPREAD_FRAMES / temporalPatchSize, merge, merge * tokens];
}

/** Frames of one size, as they are shown of a clip. */
type Frames = Pick<Pictures, 'frames' | 'height' | 'width' | 'seconds'>;

/** What a tower that takes frames of any size is shown of a clip. */
function shownClip(
  { frames, height, width, seconds }: Frames,
  { patchSize, temporalPatchSize }: Pick<PatchOptions, 'patchSize' | 'temporalPatchSize'>,
): ShownClip {
  const slices = frames / temporalPatchSize;
  return { grid: [slices, height / patchSize, width / patchSize], sliceSeconds: seconds / slices };
}
