import { roundHalfEven } from '../math/half.ts';

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
