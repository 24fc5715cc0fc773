/** Clips as people have them, against what ffmpeg decodes from the same files (`test/clips/real.mjs` wrote that down). */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleFrameIndices } from '../../src/media/frame-sampling.ts';
import { SAMPLE_RATE } from '../../src/media/types.ts';
import { CELL, type Decoded, frameNumber, MediaPage } from './media-page.ts';

/** What ffmpeg shows and plays. */
interface Expected {
  readonly size: [width: number, height: number];
  /** The numbers that all frames carry, in presentation order. */
  readonly numbers: number[];
  /** A line of pixels of the first of eight frames, through the middle of its squares. */
  readonly line: number[][];
  /** Length of the sound in samples at 16 kHz mono, and every 240th of them. */
  readonly samples?: number;
  readonly heard?: number[];
}

const STRIDE = 240;

const REAL = new URL('../clips/real/expected.json', import.meta.url).pathname;
const expected = JSON.parse(readFileSync(REAL, 'utf8')) as Record<string, Expected>;
const clips = Object.entries(expected);
const sounding = clips.filter(([, { samples }]) => samples !== undefined);

let media: MediaPage;
beforeAll(async () => {
  media = await MediaPage.open();
});
afterAll(() => media.close());

/** Each clip with eight frames and up to a minute of sound, decoded once. */
const known = new Map<string, Promise<Decoded>>();
function decoded(name: string): Promise<Decoded> {
  const clip = known.get(name) ?? media.decoded(`real/${name}`, 8, 60);
  known.set(name, clip);
  return clip;
}

describe('the frames of the rule, upright', () => {
  it.each(clips)('%s', async (name, { size, numbers }) => {
    const clip = await decoded(name);
    expect(clip.frameCount).toBe(numbers.length);
    expect(clip.frameIndices).toEqual(sampleFrameIndices(numbers.length, 8));
    expect(clip.frames.map(frameNumber)).toEqual(clip.frameIndices.map((index) => numbers[index]));
    expect([clip.width, clip.height]).toEqual(size);
    expect(clip.frames.every(({ width, height }) => width === size[0] && height === size[1])).toBe(true);
    expect(clip.warnings).toEqual([]);
  });

  it('of five frames repeat some, of one frame repeat it', async () => {
    expect((await decoded('five.mp4')).frames.map(frameNumber)).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
    expect((await decoded('one.mp4')).frames.map(frameNumber)).toEqual(Array(8).fill(0));
  });
});

/** Largest difference of two lines of pixels, in steps of 8 bits. */
function largestDifference(a: readonly number[][], b: readonly number[][]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.flatMap((pixel, i) => pixel.map((level, c) => Math.abs(level - b[i]![c]!))));
}

const middles = (line: readonly number[][]) => line.filter((_, x) => x % CELL === CELL / 2);
/** Where ffmpeg draws chroma out smoothly between samples (odd heights, ten bits), edges between squares differ. */
const SMOOTH = ['odd.webm', 'ten-bit.webm'];

describe('the colours, within three steps of 255', () => {
  it.each(clips)('%s', async (name, { line }) => {
    const found = (await decoded(name)).frames[0]!.line;
    const off = SMOOTH.includes(name)
      ? largestDifference(middles(found), middles(line))
      : largestDifference(found, line);
    expect(off).toBeLessThanOrEqual(3);
  });
});

/** norm(found - wanted) / norm(wanted) */
function relativeError(found: readonly number[], wanted: readonly number[]): number {
  const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return norm(wanted.map((value, i) => value - found[i]!)) / norm(wanted);
}

describe('the sound, sample by sample', () => {
  it.each(sounding)('%s', async (name, { samples, heard }) => {
    const { waveform } = await decoded(name);
    // WebM says how much of the last Opus packet is padding; it is not cut off here.
    const beyond = waveform!.length - samples!;
    expect(beyond).toBeGreaterThanOrEqual(0);
    expect(beyond).toBeLessThanOrEqual(name.endsWith('.webm') ? 0.02 * SAMPLE_RATE : 1);
    // The very first sample depends on what a resampler takes to be before it.
    const found = waveform!.filter((_, i) => i % STRIDE === 0);
    expect(relativeError(found.slice(1), heard!.slice(1))).toBeLessThan(1e-3);
  });

  it('is heard for thirty seconds, frames are seen over the whole clip', async () => {
    const clip = await media.decoded('real/long.mp4');
    expect(clip.waveform!.length).toBe(30 * SAMPLE_RATE);
    expect(clip.frames.map(frameNumber)).toEqual([4, 12, 20, 28, 37, 45, 53, 61]);
    expect(clip.durationSeconds).toBeCloseTo(33, 1);
  });

  it('counts its seconds from where it begins', async () => {
    const { waveform } = await media.decoded('real/late-sound.mp4', 1, 0.5);
    expect(waveform!.length).toBe(8000);
  });

  it('has its own length, whatever the picture has', async () => {
    const seconds = async (name: string) => {
      const { waveform, frameCount } = await decoded(name);
      return [frameCount, Math.round((10 * waveform!.length) / SAMPLE_RATE) / 10];
    };
    expect(await seconds('sound-longer.mp4')).toEqual([12, 2]);
    expect(await seconds('sound-shorter.mp4')).toEqual([50, 1]);
  });
});
