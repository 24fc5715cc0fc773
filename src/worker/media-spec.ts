import { SAMPLE_RATE } from '../media/types.ts';
import type { HumanOmniConfig } from '../models/humanomni.ts';

/** How a clip must be prepared for a model's towers. */
export interface MediaSpec {
  readonly frames: number;
  /** Width and height of the picture the vision tower takes, in pixels. */
  readonly side: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Absent when the model has no ear. */
  readonly sound?: { readonly melBins: number; readonly samples: number };
}

/** Samples per column of the log-mel spectrogram, and columns per position of the audio tower. */
const HOP = 160;
const COLUMNS_PER_POSITION = 2;

/** From the towers' configs and the vision tower's preprocessor_config.json (`{}` for SigLIP's defaults). */
export function mediaSpec(
  config: HumanOmniConfig,
  preprocessor: Readonly<Record<string, unknown>>,
): MediaSpec {
  const { frames, vision, audio } = config;
  return {
    frames,
    side: vision.imageSize,
    mean: triple(preprocessor.image_mean, 0.5),
    std: triple(preprocessor.image_std, 0.5),
    ...(audio
      ? { sound: { melBins: audio.melBins, samples: COLUMNS_PER_POSITION * HOP * audio.positions } }
      : {}),
  };
}

/** Seconds of sound that a clip may have. */
export function audioSeconds({ sound }: MediaSpec): number {
  return (sound?.samples ?? 0) / SAMPLE_RATE;
}

function triple(value: unknown, fallback: number): readonly [number, number, number] {
  const [r, g, b] = Array.isArray(value) ? value : [];
  const number = (channel: unknown): number => (typeof channel === 'number' ? channel : fallback);
  return [number(r), number(g), number(b)];
}
