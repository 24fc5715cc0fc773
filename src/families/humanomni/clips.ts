import { InputError } from '../../math/errors.ts';
import { logMel } from '../../media/log-mel.ts';
import { pixelsFromFrames } from '../../media/pixels.ts';
import {
  type DecodedClip,
  type DecodedMedium,
  type DecodeOptions,
  type MediumKind,
  missingAudio,
  SAMPLE_RATE,
} from '../../media/types.ts';
import type { ClipRecipe, Heard, Pictures } from '../api.ts';
import type { ClipInput } from '../shared/clip-encoder.ts';
import { demandPicture, isSeen, seenOf } from '../shared/pictures.ts';
import { type HumanOmniConfig, mediaTokenCounts } from './parts.ts';

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

type Preprocessor = Readonly<Record<string, unknown>>;

/** Samples per column of the log-mel spectrogram, and columns per position of the audio tower. */
const HOP = 160;
const COLUMNS_PER_POSITION = 2;

/** From the towers' configs and the vision tower's preprocessor_config.json (`{}` for SigLIP's defaults). */
function towerSpec(config: HumanOmniConfig, preprocessor: Preprocessor): TowerSpec {
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

export function humanOmniClips(config: HumanOmniConfig, preprocessor: Preprocessor): ClipRecipe {
  const spec = towerSpec(config, preprocessor);
  const { sound } = spec;
  const pictures = (media: readonly DecodedMedium[]): Promise<Pictures[]> =>
    Promise.all(seenOf(media).map(({ clip }) => picturesOf(clip, spec)));
  const hear = sound && ((media: readonly DecodedMedium[]) => heardAmong(media, sound));
  return {
    identity: spec,
    counts: mediaTokenCounts(config),
    refuses: (media) => refusalOf(media, sound !== undefined),
    decoding: (media) => decodingOf(media, spec),
    pictures,
    ...(hear ? { hear } : {}),
    async input(media): Promise<ClipInput> {
      const [seen] = await pictures(media);
      const heard = await hear?.(media);
      return { ...(seen ? { pixels: seen.values } : {}), ...(heard ? { logMel: heard.values } : {}) };
    },
    empty: () => emptyInput(spec),
  };
}

/** One picture or video, and one sound: a prompt has one place for each, and a video's own sound takes that of the second. */
function refusalOf(media: readonly MediumKind[], hears: boolean): string | undefined {
  const seen = media.filter(isSeen).length;
  const heard = media.length - seen;
  if (seen > 1) return `It shows ${seen} pictures or videos, and a HumanOmni is shown one at a time.`;
  if (heard > 1) return `It plays ${heard} sounds, and a HumanOmni is played one at a time.`;
  if (heard > 0 && !hears) return 'It plays a sound, and this HumanOmni has no audio tower.';
  return undefined;
}

/** Whether these media are heard: sound, and a video with what it sounds like. */
export const isHeard = (media: readonly MediumKind[]): boolean => media.some((kind) => kind !== 'image');

/** The sound of a video that comes with one of its own is not asked for. */
function decodingOf(media: readonly MediumKind[], { frames, sound }: TowerSpec): DecodeOptions[] {
  const audioSeconds = (sound?.samples ?? 0) / SAMPLE_RATE;
  const silent = media.includes('audio');
  return media.map((kind) => {
    if (kind === 'audio') return { audioSeconds };
    if (kind === 'image') return { frames: 1, audioSeconds: 0 };
    return { frames, audioSeconds: silent ? 0 : audioSeconds };
  });
}

async function picturesOf(clip: DecodedClip, { side, mean, std }: TowerSpec): Promise<Pictures> {
  demandPicture(clip);
  const values = await pixelsFromFrames(clip.frames, side, { fit: 'pad', mean, std });
  const { frames, durationSeconds: seconds } = clip;
  return { values, frames: frames.length, height: side, width: side, seconds, mean, std };
}

/** The sound itself, else that of the video; a video without any is heard as the published ten seconds of silence. */
async function heardAmong(
  media: readonly DecodedMedium[],
  sound: NonNullable<TowerSpec['sound']>,
): Promise<Heard | undefined> {
  if (!isHeard(media.map(({ kind }) => kind))) return undefined;
  const alone = media.find(({ kind }) => kind === 'audio');
  const { clip } = alone ?? media[0]!;
  if (alone && !clip.waveform) throw soundless(clip);
  const { melBins } = sound;
  return { values: await logMel(clip.waveform ?? missingAudio(), melBins, sound), melBins };
}

function soundless({ name }: DecodedClip): InputError {
  return new InputError(`${name}: found no sound, expected some: its row names it as what is heard.`, {
    hint: 'Name a file with sound, or remove the row.',
  });
}

/** Zeros where pixels and samples would be. */
async function emptyInput({ frames, side, sound }: TowerSpec): Promise<ClipInput> {
  const pixels = new Float32Array(frames * 3 * side * side);
  return sound
    ? { pixels, logMel: await logMel(new Float32Array(sound.samples), sound.melBins, sound) }
    : { pixels };
}

/** A number for each of the three colours; absent: the same for all. */
function triple(
  preprocessor: Preprocessor,
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
