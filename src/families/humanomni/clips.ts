import { InputError } from '../../math/errors.ts';
import { logMel } from '../../media/log-mel.ts';
import { pixelsFromFrames } from '../../media/pixels.ts';
import { type DecodedClip, missingAudio, SAMPLE_RATE } from '../../media/types.ts';
import type { ClipRecipe, Heard, Pictures } from '../api.ts';
import type { ClipInput } from '../shared/clip-encoder.ts';
import { demandPicture } from '../shared/pictures.ts';
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
  const { frames, sound } = spec;
  const pictures = (clip: DecodedClip) => picturesOf(clip, spec);
  const hear = sound && ((clip: DecodedClip) => heardOf(clip, sound));
  return {
    identity: spec,
    counts: mediaTokenCounts(config),
    frames,
    audioSeconds: (sound?.samples ?? 0) / SAMPLE_RATE,
    pictures,
    ...(hear ? { hear } : {}),
    async input(clip): Promise<ClipInput> {
      const { values: pixels } = await pictures(clip);
      return hear ? { pixels, logMel: (await hear(clip)).values } : { pixels };
    },
    empty: () => emptyInput(spec),
  };
}

async function picturesOf(clip: DecodedClip, { side, mean, std }: TowerSpec): Promise<Pictures> {
  demandPicture(clip);
  const values = await pixelsFromFrames(clip.frames, side, { fit: 'pad', mean, std });
  const { frames, durationSeconds: seconds } = clip;
  return { values, frames: frames.length, height: side, width: side, seconds, mean, std };
}

/** One without sound is heard as the published ten seconds of silence. */
async function heardOf(clip: DecodedClip, sound: NonNullable<TowerSpec['sound']>): Promise<Heard> {
  const { melBins } = sound;
  return { values: await logMel(clip.waveform ?? missingAudio(), melBins, sound), melBins };
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
