/**
 * The weights of one axis of a resize, split so that float32 sums of `weight * level` are exact.
 *
 * Pillow's 8-bit resize is integer arithmetic: weights are multiples of 2^-22. Such a weight is `high * 2^-11 +
 * low * 2^-22` with `high` and `low` whole and |low| <= 2^10, so products with 8-bit levels and their sums stay below
 * 2^24 (up to 64 input samples under the kernel: sixteen times smaller) and no rounding ever happens.
 */
export interface AxisWeights {
  readonly inSize: number;
  readonly outSize: number;
  /** Row-major [2 * outSize, inSize]: all rows of `high`, then all rows of `low`. */
  readonly matrix: Float32Array;
  /** [2 * outSize]: what the constant border around the input adds, split likewise; all zero without a border. */
  readonly border: Float32Array;
}

/** Pillow keeps 8-bit resize weights as integers with this many fractional bits. */
const FRACTION_BITS = 22;
/** What `high` counts in: half of the fractional bits, so that either half is small. */
const HIGH_UNIT = 2 ** 11;
/** Grey of the canvas around the input: int(0.5 * 255). */
const CANVAS_GREY = 127;
/** Keys' cubic, the parameter Pillow uses. */
const KEYS_A = -0.5;
const CUBIC_SUPPORT = 2;

function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((KEYS_A + 2) * t - (KEYS_A + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * KEYS_A;
  return 0;
}

/** First input sample and weights of output sample `index`, in units of 2^-22. */
function outputWeights(index: number, inSize: number, outSize: number): { first: number; weights: number[] } {
  const scale = inSize / outSize;
  const stretch = Math.max(scale, 1);
  const support = CUBIC_SUPPORT * stretch;
  const center = (index + 0.5) * scale;
  const first = Math.max(Math.trunc(center - support + 0.5), 0);
  const end = Math.min(Math.trunc(center + support + 0.5), inSize);
  const raw = Array.from({ length: end - first }, (_, k) => cubic((k + first - center + 0.5) / stretch));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return { first, weights: raw.map((weight) => roundAway((weight / total) * 2 ** FRACTION_BITS)) };
}

function roundAway(value: number): number {
  return value < 0 ? Math.trunc(value - 0.5) : Math.trunc(value + 0.5);
}

/**
 * Bicubic, antialiased resize weights along one axis, as Pillow computes them: the kernel is stretched by the
 * shrinking factor, weights are normalised in float64, then rounded to 22 fractional bits.
 *
 * The input may stand inside a longer axis of constant colour (a picture centred on a square canvas): `canvasSize` is
 * that axis' length and the input starts at `floor((canvasSize - inSize) / 2)`. The border's weights are summed into
 * `border`, so the canvas never has to be built.
 */
export function bicubicWeights(inSize: number, outSize: number, canvasSize = inSize): AxisWeights {
  const offset = Math.floor((canvasSize - inSize) / 2);
  const matrix = new Float32Array(2 * outSize * inSize);
  const border = new Float32Array(2 * outSize);
  for (let row = 0; row < outSize; row++) {
    const { first, weights } = outputWeights(row, canvasSize, outSize);
    let outside = 0;
    weights.forEach((weight, k) => {
      const column = first + k - offset;
      if (column < 0 || column >= inSize) outside += weight;
      else putSplit(matrix, weight, row * inSize + column, outSize * inSize);
    });
    putSplit(border, outside * CANVAS_GREY, row, outSize);
  }
  return { inSize, outSize, matrix, border };
}

/** Writes the high part of a whole number at `at`, the low part `stride` further on. */
function putSplit(target: Float32Array, value: number, at: number, stride: number): void {
  const high = Math.round(value / HIGH_UNIT);
  target[at] = high;
  target[at + stride] = value - high * HIGH_UNIT;
}
