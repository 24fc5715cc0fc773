import { InputError } from '../math/errors.ts';
import { SAMPLE_RATE } from './types.ts';

const SIDE = Math.SQRT1_2;
const REAR = 0.5;

/**
 * Gains from a channel layout to mono, by channel count, as libswresample mixes floats (not normalised):
 * left and right at 1/sqrt(2), centre at 1, low frequencies dropped, rear and side at 1/2.
 * Order of channels: left, right, centre, low frequencies, then rear centre or rear pair, then side pair.
 */
const MONO_GAINS: readonly (readonly number[])[] = [
  [1],
  [SIDE, SIDE],
  [SIDE, SIDE, 1],
  [SIDE, SIDE, REAR, REAR],
  [SIDE, SIDE, 1, REAR, REAR],
  [SIDE, SIDE, 1, 0, REAR, REAR],
  [SIDE, SIDE, 1, 0, REAR, REAR, REAR],
  [SIDE, SIDE, 1, 0, REAR, REAR, REAR, REAR],
];

/** AAC's four channels are left, right, centre and rear centre, not two pairs. */
const AAC_FOUR: readonly number[] = [SIDE, SIDE, 1, REAR];

/**
 * Mixes planar channels of equal length to mono; the result may exceed [-1, 1].
 * Stereo becomes (L + R) / sqrt(2), which is what the published pipeline hears, not the average.
 * @param codec tells apart layouts of the same number of channels
 */
export function downmix(channels: readonly Float32Array[], codec: string | null = null): Float32Array {
  const [first] = channels;
  if (!first) throw new InputError('downmix: found an audio track with 0 channels, expected at least 1.');
  const count = channels.length;
  const known = codec === 'aac' && count === 4 ? AAC_FOUR : MONO_GAINS[count - 1];
  const gains = known ?? channels.map(() => 1 / Math.sqrt(count));
  const mono = new Float32Array(first.length);
  channels.forEach((samples, channel) => {
    const gain = gains[channel]!;
    for (let i = 0; i < mono.length; i++) mono[i]! += gain * samples[i]!;
  });
  return mono;
}

/** Replaces samples that are not finite by 0, in place. Returns how many there were. */
export function silenceNonFinite(waveform: Float32Array): number {
  let found = 0;
  for (let i = 0; i < waveform.length; i++) {
    if (Number.isFinite(waveform[i]!)) continue;
    waveform[i] = 0;
    found++;
  }
  return found;
}

/** Zero crossings of the sinc on each side of its centre. */
const ZERO_CROSSINGS = 64;
/** Kaiser window shape: about 90 dB of stop-band attenuation. */
const KAISER_BETA = 9;
/** Where the pass band ends, as a share of the lower of the two Nyquist frequencies. */
const ROLL_OFF = 0.94;

/** Filter taps of all phases: 128 MB. Every rate that is in use takes far fewer. */
const MOST_TAPS = 2 ** 24;

/** Modified Bessel function of the first kind, order zero, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Taps of one polyphase branch: the windowed sinc at distances `fraction + k`, k = -reach .. reach, in input samples. */
function branchTaps(fraction: number, cutoff: number, reach: number): Float64Array {
  const width = ZERO_CROSSINGS / cutoff;
  const norm = besselI0(KAISER_BETA);
  const taps = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => {
    const x = i - reach - fraction;
    const inside = 1 - (x / width) ** 2;
    if (inside <= 0) return 0;
    const angle = Math.PI * cutoff * x;
    const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
    return (cutoff * sinc * besselI0(KAISER_BETA * Math.sqrt(inside))) / norm;
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

/**
 * Band-limited resampling by a Kaiser-windowed sinc, zero outside the signal.
 *
 * Output sample i is the input at time i / toRate, so nothing is delayed; there are ceil(length * toRate / fromRate).
 * Unit gain at 0 Hz for every output phase.
 */
export function resample(input: Float32Array, fromRate: number, toRate = SAMPLE_RATE): Float32Array {
  if (!Number.isInteger(fromRate) || fromRate <= 0) {
    throw new InputError(
      `resample: found a sample rate of ${fromRate} Hz, expected a positive whole number.`,
    );
  }
  if (fromRate === toRate) return input;
  const divisor = greatestCommonDivisor(fromRate, toRate);
  const up = toRate / divisor;
  const down = fromRate / divisor;
  const cutoff = Math.min(1, toRate / fromRate) * ROLL_OFF;
  const reach = Math.ceil(ZERO_CROSSINGS / cutoff);
  if (up * (2 * reach + 1) > MOST_TAPS) {
    throw new InputError(
      `resample: found a sample rate of ${fromRate} Hz, which has too little in common with ${toRate} Hz.`,
      { hint: 'Convert the sound to 48000 Hz.' },
    );
  }
  const branches = Array.from({ length: up }, (_, phase) => branchTaps(phase / up, cutoff, reach));
  const output = new Float32Array(Math.ceil((input.length * up) / down));
  for (let i = 0; i < output.length; i++) {
    const position = i * down;
    const center = Math.floor(position / up);
    const taps = branches[position % up]!;
    const first = Math.max(0, center - reach);
    const last = Math.min(input.length - 1, center + reach);
    let sum = 0;
    for (let n = first; n <= last; n++) sum += input[n]! * taps[n - center + reach]!;
    output[i] = sum;
  }
  return output;
}
