import type { FrameChoice } from './frame-sampling.ts';
import type { Part } from './part.ts';

/** What something that is shown or played is, by what is taken of it. */
export type MediumKind = 'video' | 'image' | 'audio';

/** What of a clip is decoded. */
export interface DecodeOptions extends Part {
  /** Which frames the model sees; absent: the picture is not looked at. */
  readonly frames?: FrameChoice;
  /** Sound after this many seconds is not decoded, and none at all for 0; 30 by default, what the audio tower hears. */
  readonly audioSeconds?: number;
}

/** Something that is shown or played, decoded. */
export interface DecodedMedium {
  readonly kind: MediumKind;
  readonly clip: DecodedClip;
}

/** One decoded picture: packed 8-bit RGB, row-major, `width * height * 3` bytes. */
export interface RgbFrame {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What a clip becomes before any model-specific processing. */
export interface DecodedClip {
  /** File name, as given; used in messages. */
  readonly name: string;
  /** The chosen frames in presentation order, repeats included; empty when the clip has no picture. */
  readonly frames: readonly RgbFrame[];
  /** Which frame of the clip (by presentation order, from 0) each of `frames` is. */
  readonly frameIndices: readonly number[];
  /** 16 kHz mono, not clipped to [-1, 1]; null when the clip has no audio stream (see {@link missingAudio}). */
  readonly waveform: Float32Array | null;
  readonly durationSeconds: number;
  /** Number of frames in the whole clip; 0 when there is no picture. */
  readonly frameCount: number;
  /** Mean frames per second; 0 when there is no picture. */
  readonly fps: number;
  /** Size as shown, after rotation; 0 when there is no picture. */
  readonly width: number;
  readonly height: number;
  /** Things a person may want to know and that did not stop the decoding. */
  readonly warnings: readonly string[];
}

/** Sample rate every waveform is brought to, in Hz. */
export const SAMPLE_RATE = 16000;

/**
 * What the published code hears when a clip has no audio stream: ten seconds of digital silence.
 * Its log-mel is -1.5 everywhere.
 */
export function missingAudio(): Float32Array {
  return new Float32Array(10 * SAMPLE_RATE);
}
