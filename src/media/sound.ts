import { InputError } from '../math/errors.ts';
import { downmix, resample } from './audio.ts';
import { checkSound } from './limits.ts';
import { SAMPLE_RATE } from './types.ts';

/** A decoded packet, as mediabunny hands it out. */
export interface SoundSample {
  readonly numberOfFrames: number;
  readonly numberOfChannels: number;
  readonly sampleRate: number;
  /** Seconds. */
  readonly timestamp: number;
  copyTo(plane: Float32Array, options: { planeIndex: number; format: 'f32-planar' }): void;
  close(): void;
}

interface SoundOf {
  readonly codec: string | null;
  readonly name: string;
  /** Seconds. What lies before is left out: before time zero, by default, it is the encoder's lead-in, or cut off. */
  readonly from?: number;
}

/**
 * Decoded packets, in order, mixed to mono one by one and then brought to 16 kHz; empty where there are none.
 *
 * The rate is the decoder's: of AAC with spectral band replication the container may state half of it.
 * @throws InputError where the decoder's rate changes on the way
 */
export async function monoSound(
  samples: AsyncIterable<SoundSample>,
  { codec, name, from = 0 }: SoundOf,
): Promise<Float32Array> {
  const pieces: Float32Array[] = [];
  let rate: number | undefined;
  let length = 0;
  for await (const sample of samples) {
    try {
      rate ??= checkedRate(name, sample);
      const piece = readSound(sample, { rate, codec, name, from });
      pieces.push(piece);
      length += piece.length;
    } finally {
      sample.close();
    }
  }
  return rate === undefined ? new Float32Array(0) : resample(joined(pieces, length), rate, SAMPLE_RATE);
}

function checkedRate(name: string, { sampleRate, numberOfChannels }: SoundSample): number {
  checkSound(name, sampleRate, numberOfChannels);
  return sampleRate;
}

/** One packet's sound in mono, without what lies before the time from which on it is heard. */
function readSound(
  sample: SoundSample,
  { rate, codec, name, from }: Required<SoundOf> & { readonly rate: number },
): Float32Array {
  const { numberOfFrames, numberOfChannels, sampleRate, timestamp } = sample;
  if (sampleRate !== rate) {
    throw new InputError(
      `${name}: found sound whose rate changes from ${rate} to ${sampleRate} Hz, expected one rate.`,
      { hint: `Convert it: ffmpeg -i "${name}" -ar ${rate} out.mp4` },
    );
  }
  const channels = Array.from({ length: numberOfChannels }, (_, planeIndex) => {
    const plane = new Float32Array(numberOfFrames);
    sample.copyTo(plane, { planeIndex, format: 'f32-planar' });
    return plane;
  });
  return downmix(channels, codec).subarray(Math.max(0, Math.round((from - timestamp) * rate)));
}

/** The pieces one after another. */
function joined(pieces: readonly Float32Array[], length: number): Float32Array {
  const whole = new Float32Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
