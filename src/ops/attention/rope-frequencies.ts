/** Frequencies of rotary positions, and how they are scaled for sequences longer than a model was first trained with. All in float64. */

/** Every position is divided by the factor (Chen et al. 2023, arXiv 2306.15595). */
export interface LinearScaling {
  readonly kind: 'linear';
  readonly factor: number;
}

/** YaRN (Peng et al. 2023, arXiv 2309.00071): slow pairs of columns are divided by the factor, fast ones stay, with a ramp between them. */
export interface YarnScaling {
  readonly kind: 'yarn';
  readonly factor: number;
  /** Longest sequence that the model was first trained with. */
  readonly originalPositions: number;
  /** Pairs that rotate at least this often over the original positions stay as they are. */
  readonly betaFast: number;
  /** Pairs that rotate at most this often are divided by the whole factor. */
  readonly betaSlow: number;
  /** Multiplies cosines and sines: queries and keys both, so scores by its square. */
  readonly attentionFactor: number;
  /** Whether the ramp begins and ends at whole pairs. */
  readonly truncate: boolean;
}

export type RopeScaling = LinearScaling | YarnScaling;

export interface RopeFrequencies {
  /** Angle per position of each pair of columns. */
  readonly frequencies: readonly number[];
  /** What cosines and sines are multiplied with. */
  readonly amplitude: number;
}

/** theta^(-2i / width) for i = 0 … width / 2 - 1. */
export const frequenciesOf = (width: number, theta: number): number[] =>
  Array.from({ length: width / 2 }, (_, i) => theta ** ((-2 * i) / width));

/** The frequencies of a head of `width` columns, scaled. */
export function scaledFrequencies(width: number, theta: number, scaling?: RopeScaling): RopeFrequencies {
  const plain = frequenciesOf(width, theta);
  if (!scaling) return { frequencies: plain, amplitude: 1 };
  const { factor } = scaling;
  if (scaling.kind === 'linear') {
    return { frequencies: plain.map((frequency) => frequency / factor), amplitude: 1 };
  }
  const [first, last] = yarnRamp(width, theta, scaling);
  const frequencies = plain.map((frequency, pair) => {
    const slowness = Math.min(1, Math.max(0, (pair - first) / (last - first)));
    return frequency * (1 - slowness + slowness / factor);
  });
  return { frequencies, amplitude: scaling.attentionFactor };
}

/** Pairs of columns where the ramp from fast to slow begins and ends. */
function yarnRamp(
  width: number,
  theta: number,
  { originalPositions, betaFast, betaSlow, truncate }: YarnScaling,
): [first: number, last: number] {
  /** The pair, not whole, that rotates so often over the original positions. */
  const pairOf = (turns: number): number =>
    (width * Math.log(originalPositions / (2 * Math.PI * turns))) / (2 * Math.log(theta));
  const [fast, slow] = [pairOf(betaFast), pairOf(betaSlow)];
  const first = Math.max(0, truncate ? Math.floor(fast) : fast);
  const last = Math.min(width - 1, truncate ? Math.ceil(slow) : slow);
  return [first, first === last ? last + 0.001 : last];
}

/** YaRN's default for the factor of cosines and sines; `weight` is `mscale` or `mscale_all_dim`, where a config has them. */
export const yarnMagnitude = (factor: number, weight = 1): number =>
  factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
