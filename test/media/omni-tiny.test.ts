import { beforeAll, expect, it } from 'vitest';
import { logMel } from '../../src/media/log-mel.ts';
import { pixelsFromFrames } from '../../src/media/pixels.ts';
import { startTfOnDevice } from '../../src/media/tf-device.ts';
import type { RgbFrame } from '../../src/media/types.ts';
import { sharedTestDevice } from '../setup/adapter.ts';
import { readGolden } from './golden.ts';

const golden = readGolden(new URL('../golden/omni-tiny/case.safetensors', import.meta.url).pathname);

beforeAll(async () => {
  const { device, info } = await sharedTestDevice();
  await startTfOnDevice(device, info);
});

it('frames of a clip become the pixels the vision tower was given', async () => {
  const source = golden('frames_u8');
  const [count, height, width] = source.shape as [number, number, number];
  const bytes = Uint8Array.from(source.values);
  const area = width * height * 3;
  const frames: RgbFrame[] = Array.from({ length: count }, (_, i) => ({
    width,
    height,
    data: bytes.subarray(i * area, (i + 1) * area),
  }));
  const want = golden('pixel_values');
  const got = await pixelsFromFrames(frames, want.shape.at(-1)!);
  expect(got.length).toBe(want.values.length);
  expect(Math.max(...got.map((value, i) => Math.abs(value - want.values[i]!)))).toBeLessThan(1e-6);
});

it('a waveform becomes the features the audio tower was given, in a chunk of three seconds', async () => {
  const waveform = Float32Array.from(golden('waveform').values);
  const want = golden('input_features');
  const [mels, frames] = want.shape.slice(-2) as [number, number];
  const got = await logMel(waveform, mels, { samples: frames * 160 });
  expect(got.length).toBe(want.values.length);
  expect(Math.max(...got.map((value, i) => Math.abs(value - want.values[i]!)))).toBeLessThanOrEqual(1e-3);
});

it('one second of 440 Hz has the published values', async () => {
  const tone = Float32Array.from(
    { length: 16000 },
    (_, n) => 0.5 * Math.sin((2 * Math.PI * 440 * n) / 16000),
  );
  const got = await logMel(tone, 128);
  expect(got.length).toBe(128 * 3000);
  const at = (mel: number, column: number) => got[mel * 3000 + column]!;
  for (const [mel, column, want] of [
    [0, 0, 0.90752],
    [5, 0, 0.92962],
    [14, 0, 1.28203],
    [14, 50, -0.51465],
    [14, 99, 0.3649],
    [14, 100, 1.1315],
  ] as const) {
    expect(Math.abs(at(mel, column) - want), `mel ${mel}, column ${column}`).toBeLessThan(1e-4);
  }
  expect(got.reduce((a, b) => Math.max(a, b))).toBeCloseTo(1.48535, 4);
  expect(got.reduce((a, b) => Math.min(a, b))).toBeCloseTo(-0.51465, 4);
});

it('silence is -1.5 everywhere, whether computed or padded', async () => {
  const got = await logMel(new Float32Array(16000), 80, { samples: 48000 });
  expect(got.length).toBe(80 * 300);
  expect(Math.max(...got.map((value) => Math.abs(value + 1.5)))).toBeLessThan(1e-5);
});

it('frames of different sizes are each resized; squashing changes the picture', async () => {
  const wide: RgbFrame = { width: 4, height: 2, data: Uint8Array.from({ length: 24 }, () => 255) };
  const tall: RgbFrame = { width: 2, height: 4, data: Uint8Array.from({ length: 24 }, () => 0) };
  const padded = await pixelsFromFrames([wide, tall], 4);
  expect(padded.length).toBe(2 * 3 * 16);
  // Grey above the white band, white inside, black in the middle columns of the second frame.
  expect(padded[0]).toBeLessThan(0.2);
  expect(padded[5]).toBeGreaterThan(0.9);
  expect(padded[48 + 5]).toBeLessThan(-0.9);
  const squashed = await pixelsFromFrames([wide], 4, { fit: 'squash' });
  expect([...squashed].every((value) => value === 1)).toBe(true);
});
