/** Clips as Node decodes them: the numbers that the page's test has. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeBlob, decodeFile, decodePictures } from '../../src/cli/node/ffmpeg.ts';
import { sampleFrameIndices } from '../../src/media/frame-sampling.ts';
import type { RgbFrame } from '../../src/media/types.ts';
import { ffmpegIsThere } from '../setup/ffmpeg.ts';

const FRAMES = 50;
const CELL = 16;
const CLIPS = 'test/clips';
const options = { frames: 8, audioSeconds: 30 };
const scratch = mkdtempSync(join(tmpdir(), 'node-clips-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Red at a place; and the number that eight cells in a row carry, the most significant bit first. */
const level = ({ width, data }: RgbFrame, x: number, y: number) => data[3 * (y * width + x)]!;
const numberOf = (frame: RgbFrame): number =>
  Array.from({ length: 8 }, (_, bit) => level(frame, bit * CELL + CELL / 2, CELL / 2) > 127).reduce(
    (number, on) => 2 * number + Number(on),
    0,
  );

// Commands without a browser need ffmpeg; elsewhere a machine's owner may do without, the reference runs must have it.
describe.skipIf(!ffmpegIsThere() && !process.env.CI)('clips in Node', () => {
  it.each(['h264-aac.mp4', 'h264-aac.mkv', 'vp9-opus.webm', 'no-sound.mp4', 'subtitles.mkv'])(
    '%s: exactly the frames of the rule',
    (name) => {
      const clip = decodeFile(join(CLIPS, name), options);
      expect([clip.frameCount, clip.width, clip.height]).toEqual([FRAMES, 176, 96]);
      expect(clip.frameIndices).toEqual(sampleFrameIndices(FRAMES, 8));
      expect(clip.frames.map(numberOf)).toEqual(clip.frameIndices);
      expect(Math.abs(clip.fps - 25)).toBeLessThan(0.6);
      expect(Math.abs(clip.durationSeconds - 2)).toBeLessThan(0.1);
    },
  );

  it.each(['h264-aac.mp4', 'vp9-opus.webm'])('%s: frames and sound of a part', (name) => {
    const whole = decodeFile(join(CLIPS, name), options);
    const part = decodeFile(join(CLIPS, name), { ...options, start: 0.8, end: 1.6 });
    // Frames 19 to 39, by the published rule for a part (MODEL.md, 6.1).
    expect(part.frameIndices).toEqual(sampleFrameIndices(21, 8).map((index) => index + 19));
    expect(part.frames.map(numberOf)).toEqual(part.frameIndices);
    expect(part.durationSeconds).toBeCloseTo(0.8, 5);
    expect(part.waveform!.length).toBe(0.8 * 16000);
    const same = whole.waveform!.subarray(0.8 * 16000, 1.6 * 16000);
    const gaps = part.waveform!.map((value, i) => Math.abs(value - same[i]!));
    expect(Math.max(...gaps)).toBeLessThan(0.02);
    expect(Math.max(...same.map(Math.abs))).toBeGreaterThan(0.1);
    expect(() => decodeFile(join(CLIPS, name), { ...options, start: 5 })).toThrow('the file lasts 2.0');
    expect(() => decodeFile(join(CLIPS, name), { ...options, end: 9 })).toThrow(
      'expected one that holds 0 to 9 s',
    );
  });

  it('the sound of a video alone, a picture, a folder of pictures', async () => {
    const sound = decodeFile(join(CLIPS, 'h264-aac.mp4'), { audioSeconds: 30 });
    expect([sound.frames.length, Math.round(sound.waveform!.length / 1600)]).toEqual([0, 20]);
    expect(() => decodeFile(join(CLIPS, 'h264-aac.mp4'), { audioSeconds: 30, start: 3 })).toThrow(
      'the file lasts',
    );
    const path = join(scratch, 'picture.png');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', join(CLIPS, 'no-sound.mp4'), '-frames:v', '1', path]);
    const blob = new Blob([readFileSync(path)]);
    const picture = await decodePictures([{ path: 'picture.png', blob }], 'picture.png', { frames: 1 });
    expect([picture.frames.length, picture.width, picture.height]).toEqual([1, 176, 96]);
    expect(numberOf(picture.frames[0]!)).toBe(0);
    const folder = Array.from({ length: 5 }, (_, i) => ({ path: `f/${i}.png`, blob }));
    const clip = await decodePictures(folder, 'f', { frames: 8 });
    expect(clip.frameIndices).toEqual(sampleFrameIndices(5, 8));
    expect(clip.durationSeconds).toBeCloseTo(5 / 3, 9);
  });

  it.each([90, 180, 270])('a picture that is to be shown turned by %i degrees is turned', (degrees) => {
    const path = join(scratch, `turned-${degrees}.mp4`);
    const [from, how] = [join(CLIPS, 'no-sound.mp4'), `rotate=${degrees}`];
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', from, '-c', 'copy', '-metadata:s:v', how, path]);
    const [upright, turned] = [decodeFile(from, options).frames[2]!, decodeFile(path, options).frames[2]!];
    const [w, h] = [upright.width, upright.height];
    expect([turned.width, turned.height]).toEqual(degrees === 180 ? [w, h] : [h, w]);
    // Where a pixel of the upright picture is seen, by the direction that the page's test has for 90 degrees.
    const place = (x: number, y: number): [number, number] =>
      degrees === 90 ? [y, w - 1 - x] : degrees === 180 ? [w - 1 - x, h - 1 - y] : [h - 1 - y, x];
    for (let x = CELL / 2; x < w; x += CELL) {
      const difference = level(upright, x, CELL / 2) - level(turned, ...place(x, CELL / 2));
      expect(Math.abs(difference), `${x}`).toBeLessThan(12);
    }
  });

  it('a long clip of large frames comes through: only the chosen frames do', () => {
    const path = join(scratch, 'large.mp4');
    const source = ['-f', 'lavfi', '-i', 'color=c=red:s=1920x1080:r=25:d=8'];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...source, '-c:v', 'libx264', '-preset', 'ultrafast', path]);
    const clip = decodeFile(path, options);
    expect([clip.frameCount, clip.frames.length, clip.width]).toEqual([200, 8, 1920]);
  });

  it.each(['cover.mp3', 'no-picture.m4a', 'tone.wav'])('%s: sound without a picture', (name) => {
    const clip = decodeFile(join(CLIPS, name), options);
    expect([clip.frames.length, clip.frameCount, clip.fps]).toEqual([0, 0, 0]);
    expect(Math.abs(clip.waveform!.length / 16000 - 2)).toBeLessThan(0.08);
    expect(Math.abs(clip.durationSeconds - 2)).toBeLessThan(0.08);
  });

  it.each([
    ['stts-count.mp4', /table "stts"/],
    ['text.mp4', /ffprobe cannot read it/],
    ['empty.mp4', /cannot read it/],
  ])('%s is refused in words', async (name, message) => {
    const blob = new Blob([readFileSync(join(CLIPS, name))]);
    await expect(decodeBlob(blob, name, options)).rejects.toThrow(message);
  });
});
