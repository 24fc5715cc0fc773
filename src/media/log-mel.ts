import { dftBases, foldedFrames, melFilterBank, WHISPER_STFT } from './mel.ts';
import { tf } from './tf-device.ts';
import { SAMPLE_RATE } from './types.ts';

/** How long a piece of sound the audio tower takes. */
export interface LogMelOptions {
  /** Length in samples, a multiple of the hop (160); 30 seconds by default. Shorter sounds are padded by zeros, longer ones cut. */
  readonly samples?: number;
}

/** The smallest power that counts; everything below sounds like this. */
const POWER_FLOOR = 1e-10;
/** Dynamic range kept below the loudest value, in powers of ten. */
const RANGE = 8;

/** Base-10 logarithm of the mel powers of folded frames: [frames, mels]. */
function logPowers(even: Float32Array, odd: Float32Array, frames: number, mels: number): tf.Tensor2D {
  return tf.tidy(() => {
    const half = WHISPER_STFT.nFft / 2;
    const bases = dftBases(WHISPER_STFT.nFft);
    const real = tf.matMul(
      tf.tensor2d(even, [frames, half + 1]),
      tf.tensor2d(bases.cos, [half + 1, half + 1]),
    );
    const imaginary = tf.matMul(
      tf.tensor2d(odd, [frames, half - 1]),
      tf.tensor2d(bases.sin, [half - 1, half + 1]),
    );
    const power = tf.add(tf.mul(real, real), tf.mul(imaginary, imaginary)) as tf.Tensor2D;
    const bank = tf.tensor2d(Float32Array.from(melFilterBank(mels)), [half + 1, mels]);
    const heard = tf.maximum(tf.matMul(power, bank), POWER_FLOOR);
    return tf.mul(tf.log(heard), Math.LOG10E) as tf.Tensor2D;
  });
}

/**
 * Whisper's log-mel spectrogram of a 16 kHz mono waveform, computed on the device as two matrix products
 * (DFT, then mel filters): `L = log10(max(mel, 1e-10)); L = max(L, max(L) - 8); (L + 4) / 4`.
 *
 * Frames wholly in the padding are not computed: they are all at the floor.
 * @returns [mels, samples / 160], row-major
 */
export async function logMel(
  waveform: Float32Array,
  mels: number,
  options: LogMelOptions = {},
): Promise<Float32Array> {
  const samples = options.samples ?? 30 * SAMPLE_RATE;
  const { hop, nFft } = WHISPER_STFT;
  if (samples % hop !== 0 || samples < nFft) {
    throw new RangeError(`logMel: samples must be a multiple of ${hop} and at least ${nFft}, got ${samples}`);
  }
  const total = samples / hop;
  const sound = waveform.subarray(0, samples);
  const sounding = Math.min(total, Math.ceil((sound.length + nFft / 2) / hop) + 1);
  const { even, odd } = foldedFrames(sound, sounding, samples);
  const [scaled, floor] = tf.tidy(() => {
    const powers = logPowers(even, odd, sounding, mels);
    const lowest = tf.sub(tf.max(powers), RANGE);
    const kept = tf.maximum(powers, lowest);
    return [tf.transpose(tf.mul(tf.add(kept, 4), 0.25)), lowest];
  });
  const [values, [lowest]] = await Promise.all([scaled.data(), floor.data()]);
  scaled.dispose();
  floor.dispose();
  return withSilentTail(values as Float32Array, mels, sounding, total, lowest!);
}

/** Widens [mels, sounding] to [mels, total]; what was not computed is at the floor. */
function withSilentTail(
  values: Float32Array,
  mels: number,
  sounding: number,
  total: number,
  lowest: number,
): Float32Array {
  if (sounding === total) return values;
  const silence = (Math.max(Math.log10(POWER_FLOOR), lowest) + 4) / 4;
  const out = new Float32Array(mels * total).fill(silence);
  for (let m = 0; m < mels; m++) out.set(values.subarray(m * sounding, (m + 1) * sounding), m * total);
  return out;
}
