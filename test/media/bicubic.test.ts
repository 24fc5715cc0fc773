import { expect, it } from 'vitest';
import { type AxisWeights, bicubicWeights } from '../../src/media/bicubic.ts';

/** One pass in plain integers: [rows, inSize] to [rows, outSize]. */
function pass(rows: number[][], weights: AxisWeights): number[][] {
  const { matrix, border, inSize, outSize } = weights;
  return rows.map((row) =>
    Array.from({ length: outSize }, (_, o) => {
      const part = (r: number) => row.reduce((sum, v, i) => sum + v * matrix[r * inSize + i]!, border[r]!);
      const total = part(o) * 2 ** 11 + part(o + outSize);
      return Math.min(255, Math.max(0, Math.floor(total / 2 ** 22 + 0.5)));
    }),
  );
}

function transpose(rows: number[][]): number[][] {
  return rows[0]!.map((_, i) => rows.map((row) => row[i]!));
}

function resize(rows: number[][], size: number): number[][] {
  const narrow = pass(rows, bicubicWeights(rows[0]!.length, size));
  return transpose(pass(transpose(narrow), bicubicWeights(rows.length, size)));
}

it('shrinks a ramp as Pillow does', () => {
  const ramp = Array.from({ length: 8 }, (_, r) => Array.from({ length: 8 }, (_, c) => 4 * (8 * r + c)));
  expect(resize(ramp, 4)).toEqual([
    [19, 27, 35, 43],
    [81, 89, 97, 105],
    [147, 155, 163, 171],
    [209, 217, 225, 233],
  ]);
});

it('enlarges with overshoot, rounding and clipping between the passes', () => {
  const picture = [
    [0, 128, 255],
    [64, 200, 32],
    [255, 16, 90],
  ];
  expect(resize(picture, 5)).toEqual([
    [0, 33, 123, 225, 255],
    [10, 65, 161, 176, 169],
    [54, 119, 200, 97, 19],
    [187, 154, 84, 63, 58],
    [255, 172, 2, 50, 102],
  ]);
});

it('folds the grey canvas into the weights', () => {
  const row = [10, 200, 30];
  const canvas = [127, 127, ...row, 127, 127, 127];
  expect(pass([row], bicubicWeights(3, 5, 8))).toEqual(pass([canvas], bicubicWeights(8, 5)));
});

it('keeps both halves of every weight small enough for exact float32 sums', () => {
  for (const [from, to] of [
    [1920, 224],
    [3000, 224],
    [64, 224],
    [31, 64],
  ] as const) {
    const { matrix } = bicubicWeights(from, to);
    for (let row = 0; row < 2 * to; row++) {
      let sum = 0;
      for (let i = 0; i < from; i++) sum += 255 * Math.abs(matrix[row * from + i]!);
      expect(sum).toBeLessThan(2 ** 24);
    }
  }
});
