import { mergedTokens, type ShownClip, type VisionGrid } from '../../decoder/mrope.ts';
import { InputError } from '../../math/errors.ts';
import { type FrameChoice, PUBLISHED_SPREAD } from '../../media/frame-sampling.ts';
import { CLIP_MEAN, CLIP_STD, type PatchOptions, patchPixels, patchRows } from '../../media/patches.ts';
import type { DecodedClip, DecodedMedium, MediumKind } from '../../media/types.ts';
import { defaultConfig } from '../../protocol/config.ts';
import type { ClipRecipe, ClipSettings, Pictures } from '../api.ts';
import type { ClipInput } from '../shared/clip-encoder.ts';
import { demandPicture, isSeen, seenOf } from '../shared/pictures.ts';
import type { Qwen2VlConfig } from './parts.ts';
import { MAX_SIDE } from './vision.ts';

/** The longest clip whose time positions a run makes room for. */
export const MOST_CLIP_SECONDS = 3600;

/** Where nobody has chosen: frames within the smallest of the published processor and the largest that R1-Omni's trainer asks for. */
const USUAL: ClipSettings = defaultConfig();

const patchesOf = (
  { vision: { patchSize, temporalPatchSize, merge } }: Qwen2VlConfig,
  { minPixels, maxPixels }: ClipSettings,
): PatchOptions => ({ patchSize, temporalPatchSize, merge, minPixels, maxPixels });

/** The published choice goes by its name, under which features were kept before there was another. */
function framesOf({ framesPerSecond, maxFrames }: ClipSettings): FrameChoice {
  const isPublished = framesPerSecond === PUBLISHED_SPREAD.perSecond && maxFrames === PUBLISHED_SPREAD.most;
  return isPublished ? 'spread' : { perSecond: framesPerSecond, most: maxFrames };
}

/**
 * Frames of any size in patches, spread over the clip; a picture is doubled, as a patch spans two frames. `unencoded`: features are
 * these patches, for a policy that has the tower inside.
 */
export function qwenVlClips(
  config: Qwen2VlConfig,
  settings: ClipSettings = USUAL,
  unencoded = false,
): ClipRecipe {
  const patches = patchesOf(config, settings);
  const frames = framesOf(settings);
  const shown = (pictures: Pictures) => shownClip(pictures, patches);
  const pictures = (media: readonly DecodedMedium[]) =>
    Promise.all(seenOf(media).map(({ clip }) => picturesOf(clip, patches)));
  return {
    identity: {
      ...{ kind: 'patches', patches },
      ...(frames === 'spread' ? {} : { frames }),
      ...(unencoded ? { unencoded } : {}),
    },
    ...(unencoded ? { unencoded } : {}),
    under: (chosen, inside) => qwenVlClips(config, chosen, inside),
    counts: { video: mostTokens(config, 'video', settings), audio: 0 },
    refuses: (media) => refusalOf(media, config),
    decoding: (media) => media.map((kind) => (isSeen(kind) ? { frames, audioSeconds: 0 } : undefined)),
    largest: largestGrid(patches, settings),
    pictures,
    shown,
    async input(media): Promise<ClipInput> {
      const seen = await pictures(media);
      return {
        patches: seen.map((each) => ({ rows: patchRows(each.values, each, patches).rows, ...shown(each) })),
      };
    },
  };
}

/** Any pictures and videos. A video's own sound is not heard, also where it lies in a file of its own. */
function refusalOf(media: readonly MediumKind[], { family }: Qwen2VlConfig): string | undefined {
  const count = (wanted: MediumKind): number => media.filter((kind) => kind === wanted).length;
  if (count('audio') <= count('video')) return undefined;
  return `It plays sound${count('video') === 0 ? ' without a video' : ''}, and a ${family} hears nothing.`;
}

/** Tokens of the largest picture or video. */
export function mostTokens(
  config: Qwen2VlConfig,
  kind: MediumKind,
  chosen: Partial<ClipSettings> = {},
): number {
  const settings = { ...USUAL, ...chosen };
  const [slices, rows, columns] = largestGrid(patchesOf(config, settings), settings);
  return mergedTokens([kind === 'video' ? slices : 1, rows, columns], config.vision.merge);
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
function largestGrid(
  { patchSize, temporalPatchSize, merge, maxPixels }: PatchOptions,
  { maxFrames }: ClipSettings,
): VisionGrid {
  const tokens = Math.max(1, Math.floor(maxPixels / (patchSize * merge) ** 2));
  // In one row, where the tower has angles for so long a one.
  const rows = Math.ceil((merge * tokens) / MAX_SIDE);
  const columns = Math.ceil(tokens / rows);
  return [Math.max(1, Math.floor(maxFrames / temporalPatchSize)), merge * rows, merge * columns];
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
