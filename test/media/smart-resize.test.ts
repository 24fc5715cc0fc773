import { expect, it } from 'vitest';
import { smartResize } from '../../src/media/smart-resize.ts';

const SIZES = [
  [75, 131, 3136, 12544, 84, 140],
  [224, 224, 3136, 57600, 224, 224],
  [224, 224, 100352, 57600, 336, 336],
  [1080, 1920, 3136, 1003520, 728, 1316],
  [480, 640, 100352, 57600, 196, 252],
  // Halves go to the even multiple, and no side vanishes.
  [42, 70, 784, 1000000, 56, 56],
  [14, 14, 784, 1000000, 28, 28],
  [1, 3, 3136, 1000000, 56, 112],
  // Exactly the largest area.
  [1120, 1120, 3136, 1254400, 1120, 1120],
  [2240, 2240, 3136, 1254400, 1120, 1120],
  // At the largest ratio one factor of height may break the bound, as in the published rule.
  [100, 20000, 3136, 50000, 28, 3136],
] as const;

it.each(SIZES)(
  '%i by %i pixels within %i … %i become %i by %i',
  (h, w, minPixels, maxPixels, height, width) => {
    expect(smartResize(h, w, { factor: 28, minPixels, maxPixels })).toEqual({ height, width });
  },
);

it('refuses a strip', () => {
  const limits = { factor: 28, minPixels: 3136, maxPixels: 50000 };
  expect(() => smartResize(99, 20000, limits)).toThrow(
    /20000 by 99 pixels; one side may be at most 200 times/,
  );
});
