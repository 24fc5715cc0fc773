import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleFrameIndices } from '../../src/media/frame-sampling.ts';
import { CELL, cell, DEMO, frameNumber, MediaPage } from './media-page.ts';

const FRAMES = 50;

let media: MediaPage;
beforeAll(async () => {
  media = await MediaPage.open();
});
afterAll(() => media.close());

const decoded = (name: string, frames?: number) => media.decoded(name, frames);

async function refusal(name: string): Promise<string> {
  const answer = await media.ask({ name, frames: 8 });
  if (!('error' in answer)) throw new Error(`${name} was decoded`);
  expect(answer.kind).toBe('InputError');
  expect(answer.error).toContain(name);
  return answer.error;
}

function rms(samples: number[]): number {
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
}

/** Frequency by counting upward zero crossings, in Hz. */
function frequency(samples: number[]): number {
  const rising = samples.slice(1).filter((x, i) => samples[i]! < 0 && x >= 0).length;
  return (rising * 16000) / samples.length;
}

/** Half a second of silence, then 440 Hz of the given level. */
function expectTone(waveform: number[] | null, level: number, seconds = 2): void {
  expect(waveform).not.toBeNull();
  const samples = waveform!;
  expect(Math.abs(samples.length / 16000 - seconds)).toBeLessThan(0.08);
  expect(rms(samples.slice(0, 7200))).toBeLessThan(0.01);
  const sounding = samples.slice(9600, 28800);
  expect(Math.abs(frequency(sounding) - 440)).toBeLessThan(3);
  expect(rms(sounding) / level).toBeGreaterThan(0.95);
  expect(rms(sounding) / level).toBeLessThan(1.05);
}

const MONO_LEVEL = 0.25 / Math.SQRT2;
/** The same tone in both channels, added over the root of two. */
const STEREO_LEVEL = MONO_LEVEL * Math.SQRT2;

describe('clips with picture and sound', () => {
  it.each([
    ['h264-aac.mp4', STEREO_LEVEL],
    ['h264-aac.mov', STEREO_LEVEL],
    ['h264-aac.mkv', STEREO_LEVEL],
    ['vp9-opus.webm', MONO_LEVEL],
    ['vp8-opus.webm', MONO_LEVEL],
  ])('%s: exactly the frames of the rule, and the tone', async (name, level) => {
    const clip = await decoded(name);
    expect(clip.frameCount).toBe(FRAMES);
    expect(clip.frameIndices).toEqual(sampleFrameIndices(FRAMES, 8));
    expect(clip.frames.map(frameNumber)).toEqual(clip.frameIndices);
    expect(Math.abs(clip.fps - 25)).toBeLessThan(0.6);
    expect([clip.width, clip.height]).toEqual([176, 96]);
    expect(Math.abs(clip.durationSeconds - 2)).toBeLessThan(0.1);
    expect(clip.warnings).toEqual([]);
    expectTone(clip.waveform, level);
  });

  it('every single frame can be had, in order', async () => {
    const clip = await decoded('h264-aac.mp4', FRAMES * 2);
    expect(clip.frames.map(frameNumber)).toEqual(sampleFrameIndices(FRAMES, FRAMES * 2));
    expect(new Set(clip.frameIndices).size).toBe(FRAMES);
  });

  it.each(['h264-aac.mp4', 'vp9-opus.webm', 'vp8-opus.webm'])(
    '%s: colours come out as they went in',
    async (name) => {
      const frame = (await decoded(name)).frames[3]!;
      const wanted = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
      ];
      const off = wanted.flatMap((want, i) =>
        cell(frame, 8 + i).map((level, c) => Math.abs(level - want[c]!)),
      );
      expect(Math.max(...off)).toBeLessThan(6);
      const grey = frame.column[80]!;
      expect(Math.max(...grey.map((level) => Math.abs(level - 128)))).toBeLessThan(3);
    },
  );

  it('a picture that is to be shown turned is turned', async () => {
    const upright = await decoded('no-sound.mp4');
    const turned = await decoded('rotated.mp4');
    expect([turned.width, turned.height]).toEqual([96, 176]);
    const frame = turned.frames[2]!;
    const back = Array.from(
      { length: 11 },
      (_, i) => frame.column[frame.height - 1 - (i * CELL + CELL / 2)]!,
    );
    expect(back).toEqual(Array.from({ length: 11 }, (_, column) => cell(upright.frames[2]!, column)));
  });

  it('sound beyond the limit is left out', async () => {
    const answer = await media.ask({ name: 'vp9-opus.webm', frames: 1, audioSeconds: 1 });
    expect('clip' in answer && answer.clip.waveform?.length).toBe(16000);
  });

  it.each(['h264-aac.mp4', 'vp9-opus.webm', 'vp8-opus.webm'])(
    '%s: frames and sound of a part',
    async (name) => {
      const answer = await media.ask({ name, frames: 8, start: 0.8, end: 1.6 });
      if (!('clip' in answer)) throw new Error(answer.error);
      const { clip } = answer;
      // Frames 19 to 39, by the published rule for a part (MODEL.md, 6.1).
      expect(clip.frameIndices).toEqual(sampleFrameIndices(21, 8).map((index) => index + 19));
      expect(clip.frames.map(frameNumber)).toEqual(clip.frameIndices);
      expect(clip.durationSeconds).toBeCloseTo(0.8, 5);
      const whole = (await decoded(name)).waveform!;
      const part = clip.waveform!;
      expect(part.length).toBe(0.8 * 16000);
      // A container may begin its sound some milliseconds off; at the best shift the two are one.
      const gapAt = (shift: number): number =>
        Math.max(
          ...part.slice(400, -400).map((value, i) => Math.abs(value - whole[12_800 + 400 + i + shift]!)),
        );
      const gaps = Array.from({ length: 801 }, (_, i) => gapAt(i - 400));
      expect(Math.min(...gaps)).toBeLessThan(0.02);
    },
  );

  it('the first half second of the tone is silent, and a part that begins behind it is not', async () => {
    const heard = async (start: number, end: number): Promise<number> => {
      const answer = await media.ask({ name: 'tone.wav', audioSeconds: 30, start, end });
      if (!('clip' in answer)) throw new Error(answer.error);
      expect(answer.clip.frames).toEqual([]);
      return rms(answer.clip.waveform!);
    };
    expect(await heard(0, 0.45)).toBeLessThan(0.01);
    expect(await heard(0.6, 1.2)).toBeGreaterThan(0.1);
  });

  it('a part outside of its file is refused', async () => {
    for (const part of [{ start: 5 }, { end: 9 }, { start: 1, end: 2.9 }]) {
      const answer = await media.ask({ name: 'h264-aac.mp4', frames: 8, ...part });
      expect('error' in answer && answer.error).toContain('h264-aac.mp4: the file lasts 2.0');
    }
  });

  it('the demo decodes: an MP4 and a WebM of it', async () => {
    const rows = JSON.parse(readFileSync(`${DEMO}data.json`, 'utf8')) as { video: string }[];
    for (const container of ['.mp4', '.webm']) {
      const clip = await decoded(`demo/${rows.find((row) => row.video.endsWith(container))!.video}`, 4);
      expect([clip.width, clip.height, clip.frames.length]).toEqual([96, 96, 4]);
      expect(clip.frameCount).toBeGreaterThanOrEqual(12);
      expect(clip.frameCount).toBeLessThanOrEqual(16);
      expect(Math.abs(clip.waveform!.length / 16000 - clip.frameCount / 10)).toBeLessThan(0.1);
      expect(rms(clip.waveform!)).toBeGreaterThan(0.01);
    }
  });
});

describe('one sense only, and pictures', () => {
  it('subtitles that run longer than the picture leave it whole', async () => {
    const clip = await decoded('subtitles.mkv');
    expect(clip.frames.map(frameNumber)).toEqual(sampleFrameIndices(FRAMES, 8));
    expect(Math.abs(clip.durationSeconds - 2)).toBeLessThan(0.1);
  });

  it('a table that says it has four billion entries is refused before any is made', async () => {
    expect(await refusal('stts-count.mp4')).toMatch(/found a table "stts" that .* the clip is damaged/);
  });

  it('a clip without sound', async () => {
    const clip = await decoded('no-sound.mp4');
    expect(clip.waveform).toBeNull();
    expect(clip.frames.map(frameNumber)).toEqual(sampleFrameIndices(FRAMES, 8));
  });

  it.each([
    ['tone.wav', MONO_LEVEL],
    ['tone.mp3', STEREO_LEVEL],
    ['no-picture.m4a', STEREO_LEVEL],
    ['cover.mp3', STEREO_LEVEL],
  ])('%s: sound without picture', async (name, level) => {
    const clip = await decoded(name);
    expect([clip.frames.length, clip.frameCount, clip.fps]).toEqual([0, 0, 0]);
    expectTone(clip.waveform, level);
  });

  it('an animated GIF runs at 25 frames per second', async () => {
    const clip = await decoded('numbers.gif');
    expect(clip.frameCount).toBe(20);
    expect(clip.frames.map(frameNumber)).toEqual(sampleFrameIndices(20, 8));
    expect([clip.fps, clip.waveform]).toEqual([25, null]);
  });

  it('a short GIF gets black frames instead of repeated ones', async () => {
    const clip = await decoded('short.gif');
    expect(clip.frames.slice(0, 5).map(frameNumber)).toEqual([0, 1, 2, 3, 4]);
    expect(clip.frames.length).toBe(8);
    expect([clip.frames[7]!.width, clip.frames[7]!.height]).toEqual([96, 176]);
    expect(clip.frames[7]!.brightest).toBe(0);
    expect(clip.warnings[0]).toMatch(/3 black frames/);
  });

  it('a folder of pictures is a clip in the order of their names', async () => {
    const pictures = ['c.png', 'a.png', 'b.png'];
    const answer = await media.ask({ name: 'folder', frames: 4, pictures });
    if ('error' in answer) throw new Error(answer.error);
    expect(answer.clip.frames.map(frameNumber)).toEqual(sampleFrameIndices(3, 4));
    expect([answer.clip.fps, answer.clip.frameCount]).toEqual([3, 3]);
  });
});

describe('bad clips are refused by name', () => {
  it.each([
    ['empty.mp4', /found 0 bytes/],
    ['text.mp4', /no known container/],
    ['truncated-h264-aac.mp4', /truncated/],
    ['truncated-vp9-opus.webm', /truncated/],
    ['hevc.mp4', /hev1.*expected H\.264/],
  ])('%s', async (name, message) => {
    expect(await refusal(name)).toMatch(message);
  });

  it('an empty folder of pictures', async () => {
    const answer = await media.ask({ name: 'folder', frames: 4, pictures: [] });
    expect(answer).toMatchObject({
      kind: 'InputError',
      error: expect.stringMatching(/folder: found no pictures/),
    });
  });
});
