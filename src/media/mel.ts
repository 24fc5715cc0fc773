/** Short-time Fourier settings of Whisper's feature extractor. */
export interface StftSettings {
  readonly sampleRate: number;
  /** Window and transform length in samples; even. */
  readonly nFft: number;
  /** Distance between frames in samples. */
  readonly hop: number;
}

export const WHISPER_STFT: StftSettings = { sampleRate: 16000, nFft: 400, hop: 160 };

/** Upper edge of the mel bank, in Hz. */
const MEL_TOP_HZ = 8000;

/** Periodic Hann window of `length` samples: `0.5 - 0.5 cos(2 pi n / length)`. */
function hannWindow(length: number): Float64Array {
  return Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
}

/** Hz to mel on Slaney's scale: linear below 1 kHz, logarithmic above. */
function hzToMel(hz: number): number {
  return hz < 1000 ? (3 * hz) / 200 : 15 + (Math.log(hz / 1000) * 27) / Math.log(6.4);
}

function melToHz(mel: number): number {
  return mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp(((mel - 15) * Math.log(6.4)) / 27);
}

/**
 * Slaney's area-normalised triangular filters, row-major [nFft / 2 + 1 frequency bins, mels].
 * Filter m rises from edge m to edge m+1 and falls to edge m+2; its area is one.
 */
export function melFilterBank(mels: number, stft: StftSettings = WHISPER_STFT): Float64Array {
  const bins = stft.nFft / 2 + 1;
  const top = hzToMel(MEL_TOP_HZ);
  const edges = Array.from({ length: mels + 2 }, (_, i) => melToHz((top * i) / (mels + 1)));
  const bank = new Float64Array(bins * mels);
  for (let m = 0; m < mels; m++) {
    const [left, peak, right] = [edges[m]!, edges[m + 1]!, edges[m + 2]!];
    for (let bin = 0; bin < bins; bin++) {
      const hz = (bin * stft.sampleRate) / stft.nFft;
      const height = Math.min((hz - left) / (peak - left), (right - hz) / (right - peak));
      if (height > 0) bank[bin * mels + m] = (height * 2) / (right - left);
    }
  }
  return bank;
}

/**
 * Real-input DFT bases for folded frames (see {@link foldedFrames}), bins k = 0 .. nFft/2.
 * `cos` is [nFft/2 + 1, bins] and `sin` is [nFft/2 - 1, bins], both row-major.
 */
export function dftBases(nFft: number): { cos: Float32Array; sin: Float32Array } {
  const half = nFft / 2;
  const bins = half + 1;
  const cos = new Float32Array((half + 1) * bins);
  const sin = new Float32Array((half - 1) * bins);
  for (let n = 0; n <= half; n++) {
    for (let k = 0; k < bins; k++) {
      const angle = (2 * Math.PI * ((n * k) % nFft)) / nFft;
      cos[n * bins + k] = Math.cos(angle);
      if (n > 0 && n < half) sin[(n - 1) * bins + k] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** Index into a signal of `length` samples after reflection at both ends (the edge sample is not repeated). */
function reflect(index: number, length: number): number {
  if (index < 0) return -index;
  return index < length ? index : 2 * (length - 1) - index;
}

/**
 * Windowed frames, folded so that a real DFT needs half the products: cosines are even and sines odd around nFft/2,
 * so `even_n = x_n + x_(nFft-n)` and `odd_n = x_n - x_(nFft-n)` say everything. The sums are taken in float64, which
 * also keeps the weak bins of a loud frame accurate when the transform runs in float32.
 *
 * Frame t is centred on sample t * hop of the signal, which is zero-padded to `totalSamples` and reflected at its ends.
 * @returns `even` [frames, nFft/2 + 1] and `odd` [frames, nFft/2 - 1], row-major
 */
export function foldedFrames(
  waveform: Float32Array,
  frames: number,
  totalSamples: number,
  stft: StftSettings = WHISPER_STFT,
): { even: Float32Array; odd: Float32Array } {
  const { nFft, hop } = stft;
  const half = nFft / 2;
  const window = hannWindow(nFft);
  const even = new Float32Array(frames * (half + 1));
  const odd = new Float32Array(frames * (half - 1));
  const frame = new Float64Array(nFft);
  for (let t = 0; t < frames; t++) {
    const start = t * hop - half;
    for (let n = 0; n < nFft; n++) {
      const at = reflect(start + n, totalSamples);
      frame[n] = window[n]! * (at < waveform.length ? waveform[at]! : 0);
    }
    even[t * (half + 1)] = frame[0]!;
    even[t * (half + 1) + half] = frame[half]!;
    for (let n = 1; n < half; n++) {
      even[t * (half + 1) + n] = frame[n]! + frame[nFft - n]!;
      odd[t * (half - 1) + n - 1] = frame[n]! - frame[nFft - n]!;
    }
  }
  return { even, odd };
}

/** Standard deviation of rounding a sample to 16 bits, in full-scale units. */
const INT16_NOISE = 1 / 32768 / Math.sqrt(12);
/** How many standard deviations of that noise count as possible. */
const NOISE_SIGMAS = 5;

/**
 * How far a log-mel value may move when its waveform is rounded to 16-bit integers, in log-mel units.
 *
 * Rounding adds white noise; in a bin of the spectrum its amplitude is `sigma * sqrt(sum of squared window)`. The root
 * of a mel power is a weighted norm of amplitudes, so by the triangle inequality it moves by at most the noise's norm.
 * @param value the log-mel value, `(log10(power) + 4) / 4`
 * @param filterSum sum of the weights of its mel filter
 */
export function quantisationSlack(
  value: number,
  filterSum: number,
  stft: StftSettings = WHISPER_STFT,
): number {
  const windowPower = hannWindow(stft.nFft).reduce((sum, w) => sum + w * w, 0);
  const noise = NOISE_SIGMAS * INT16_NOISE * Math.sqrt(windowPower * filterSum);
  const amplitude = Math.sqrt(10 ** (4 * value - 4));
  return (2 * Math.log10(1 + noise / amplitude)) / 4;
}
