import { beforeAll, describe, expect, it } from 'vitest';
import { patchesFromFrames, patchRows } from '../../src/media/patches.ts';
import { startTfOnDevice } from '../../src/media/tf-device.ts';
import type { RgbFrame } from '../../src/media/types.ts';
import { numbers } from '../ops/harness.ts';
import { sharedTestDevice } from '../setup/adapter.ts';

// The recorded picture and video are compared by parity (test/models/qwen2-vl.test.ts).
const OPTIONS = { patchSize: 2, temporalPatchSize: 2, merge: 2, minPixels: 96, maxPixels: 200 };

beforeAll(async () => {
  const { device, info } = await sharedTestDevice();
  await startTfOnDevice(device, info);
});

/** Frames of random colours. */
const frame = (seed: number): RgbFrame => ({
  width: 9,
  height: 5,
  data: Uint8Array.from(numbers(3 * 9 * 5, seed, 128), (value) => value + 128),
});

/** Entries of `values` of extents `shape` in the order of the axes `order`. */
function transpose(values: ArrayLike<number>, shape: readonly number[], order: readonly number[]): number[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  let places = [0];
  for (const axis of order) {
    const steps = Array.from({ length: shape[axis]! }, (_, i) => i * strides[axis]!);
    places = places.flatMap((place) => steps.map((step) => place + step));
  }
  return places.map((place) => values[place]!);
}

describe('patches', () => {
  it('of a picture are it twice; of three frames the last is repeated', async () => {
    const [a, b, c] = [frame(1), frame(2), frame(3)];
    const picture = await patchesFromFrames([a], OPTIONS);
    expect(picture.grid).toEqual([1, 4, 8]);
    expect(picture.rows.length).toBe(4 * 8 * 3 * 2 * 4);
    expect(picture.rows).toEqual((await patchesFromFrames([a, a], OPTIONS)).rows);
    const three = await patchesFromFrames([a, b, c], OPTIONS);
    expect(three.grid).toEqual([2, 4, 8]);
    expect(three.rows).toEqual((await patchesFromFrames([a, b, c, c], OPTIONS)).rows);
    expect(three.rows).not.toEqual((await patchesFromFrames([a, b, c, a], OPTIONS)).rows);
  });

  it("are normalised by CLIP's means and deviations", async () => {
    const white = { width: 4, height: 4, data: new Uint8Array(48).fill(255) };
    const { rows } = await patchesFromFrames([white], { ...OPTIONS, minPixels: 16 });
    const [red, green, blue] = [0, 8, 16].map((at) => rows[at]!) as [number, number, number];
    expect(red).toBeCloseTo((1 - 0.48145466) / 0.26862954, 5);
    expect(green).toBeCloseTo((1 - 0.4578275) / 0.26130258, 5);
    expect(blue).toBeCloseTo((1 - 0.40821073) / 0.27577711, 5);
  });

  it.each([
    [1, 2, 2, 1, 1, 1],
    [2, 4, 6, 2, 3, 2],
    [3, 3, 6, 1, 2, 3],
  ])('%i slices of %i by %i patches: frames %i, side %i, merge %i', (slices, down, across, tp, p, merge) => {
    const [height, width, frames] = [down * p, across * p, slices * tp];
    const pixels = Float32Array.from({ length: frames * 3 * height * width }, (_, i) => i);
    const options = { patchSize: p, temporalPatchSize: tp, merge };
    const { rows, grid } = patchRows(pixels, { frames, height, width }, options);
    expect(grid).toEqual([slices, down, across]);
    // The published order: axes (slice, frame, channel, block row, row, y, block column, column, x) of the pixels.
    const shape = [slices, tp, 3, down / merge, merge, p, across / merge, merge, p];
    expect([...rows]).toEqual(transpose(pixels, shape, [0, 3, 6, 4, 7, 2, 1, 5, 8]));
  });

  it('of no frames are refused', async () => {
    await expect(patchesFromFrames([], OPTIONS)).rejects.toThrow(/without frames/);
  });
});
