/** Rounds to the nearest integer, ties to the even neighbour, as Python's `round` and `numpy.round` do. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * Which frames of a clip are shown to the model: `n` indices into `count` frames, evenly spaced at segment centres.
 *
 * The published rule: with `seg = (count - 1) / n`, `index_i = round_half_even(seg * (i + 0.5) + 1e-6)`.
 * Short clips repeat frames; there is never a shortage.
 * @throws RangeError when `count` or `n` is not a positive integer
 */
export function sampleFrameIndices(count: number, n: number): number[] {
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`sampleFrameIndices: count must be a positive integer, got ${count}`);
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`sampleFrameIndices: n must be a positive integer, got ${n}`);
  const segment = (count - 1) / n;
  return Array.from({ length: n }, (_, i) => roundHalfEven(segment * (i + 0.5) + 1e-6));
}
