import { InputError } from '../math/errors.ts';
import { roundHalfEven } from '../math/half.ts';

/** What sizes a picture may take. */
export interface SizeLimits {
  /** Width and height become multiples of this many pixels. */
  readonly factor: number;
  /** Bounds of width · height. */
  readonly minPixels: number;
  readonly maxPixels: number;
}

const LONGEST_RATIO = 200;

/**
 * The size Qwen2-VL resizes a picture to (`smart_resize` of its published processor): the nearest multiples of `factor`,
 * or, where their product is out of bounds, both sides scaled by the same number and rounded to the side of the bound.
 * Throws an InputError where one side is more than 200 times the other.
 */
export function smartResize(
  height: number,
  width: number,
  { factor, minPixels, maxPixels }: SizeLimits,
): { height: number; width: number } {
  if (Math.max(height, width) > LONGEST_RATIO * Math.min(height, width)) {
    throw new InputError(
      `A picture of ${width} by ${height} pixels; one side may be at most ${LONGEST_RATIO} times the other.`,
      { hint: 'Crop the picture, or remove its row.' },
    );
  }
  const inFactors = (count: (side: number) => number) => ({
    height: factor * Math.max(1, count(height)),
    width: factor * Math.max(1, count(width)),
  });
  const nearest = inFactors((side) => roundHalfEven(side / factor));
  const area = nearest.height * nearest.width;
  if (area > maxPixels) {
    const shrink = Math.sqrt((height * width) / maxPixels);
    return inFactors((side) => Math.floor(side / shrink / factor));
  }
  if (area < minPixels) {
    const grow = Math.sqrt(minPixels / (height * width));
    return inFactors((side) => Math.ceil((side * grow) / factor));
  }
  return nearest;
}
