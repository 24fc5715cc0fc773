#!/usr/bin/env node
/**
 * Makes the little clips of the media tests with ffmpeg: `node test/clips/make.mjs`.
 *
 * Every frame carries its number (numbered.mjs). The sound is a tone of 440 Hz at amplitude 0.25, after 0.5 s of silence.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BT709_TAGS, EXACT, HEIGHT, picture, pictureInput, WIDTH, YUV } from './numbered.mjs';

const HERE = new URL('.', import.meta.url).pathname;
const [FPS, FRAMES] = [25, 50];
const SECONDS = FRAMES / FPS;

function tone(rate, channels) {
  const samples = new Float32Array(rate * SECONDS * channels);
  for (let n = rate / 2; n < rate * SECONDS; n++) {
    const value = 0.25 * Math.sin((2 * Math.PI * 440 * n) / rate);
    for (let c = 0; c < channels; c++) samples[n * channels + c] = value;
  }
  return Buffer.from(samples.buffer);
}

const video = Buffer.concat(Array.from({ length: FRAMES }, (_, i) => picture(i)));
const scratch = join(HERE, '.scratch');
mkdirSync(scratch, { recursive: true });
writeFileSync(join(scratch, 'mono.f32'), tone(48000, 1));
writeFileSync(join(scratch, 'stereo.f32'), tone(44100, 2));

const PICTURE = pictureInput(FPS);
const MONO = ['-f', 'f32le', '-ar', '48000', '-ac', '1', '-i', join(scratch, 'mono.f32')];
const STEREO = ['-f', 'f32le', '-ar', '44100', '-ac', '2', '-i', join(scratch, 'stereo.f32')];
const H264 = [
  ...YUV,
  ...BT709_TAGS,
  '-c:v',
  'libx264',
  '-crf',
  '26',
  '-bf',
  '2',
  '-g',
  '24',
  '-threads',
  '1',
];
const AAC = ['-c:a', 'aac', '-b:a', '64k'];
const OPUS = ['-c:a', 'libopus', '-b:a', '48k'];

/** `frames`: how many of the pictures the encoder is given. */
function encode(frames, name, ...args) {
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, ...EXACT, join(HERE, name)], {
    input: video.subarray(0, frames * WIDTH * HEIGHT * 3),
  });
}

encode(FRAMES, 'h264-aac.mp4', ...PICTURE, ...STEREO, ...H264, ...AAC, '-movflags', '+faststart');
encode(FRAMES, 'h264-aac.mov', ...PICTURE, ...STEREO, ...H264, ...AAC);
encode(FRAMES, 'h264-aac.mkv', ...PICTURE, ...STEREO, ...H264, ...AAC);
encode(
  FRAMES,
  'vp9-opus.webm',
  ...PICTURE,
  ...MONO,
  ...YUV,
  ...BT709_TAGS,
  '-c:v',
  'libvpx-vp9',
  '-b:v',
  '0',
  '-crf',
  '34',
  '-g',
  '24',
  ...OPUS,
);
// VP8 knows no matrix but BT.601, ffmpeg's own choice.
encode(
  FRAMES,
  'vp8-opus.webm',
  ...PICTURE,
  ...MONO,
  '-c:v',
  'libvpx',
  '-b:v',
  '200k',
  '-auto-alt-ref',
  '0',
  '-g',
  '24',
  ...OPUS,
);
encode(FRAMES, 'no-sound.mp4', ...PICTURE, ...H264, '-an');
encode(20, 'numbers.gif', ...PICTURE);
encode(5, 'short.gif', ...PICTURE);
encode(0, 'tone.wav', ...MONO, '-ar', '22050', '-c:a', 'pcm_s16le');
encode(0, 'tone.mp3', ...STEREO, '-c:a', 'libmp3lame', '-b:a', '64k');
encode(0, 'no-picture.m4a', ...STEREO, ...AAC);
encode(
  5,
  'hevc.mp4',
  ...PICTURE,
  ...YUV,
  '-c:v',
  'libx265',
  '-x265-params',
  'log-level=error',
  '-tag:v',
  'hvc1',
);

for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries()) {
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...PICTURE, '-frames:v', '1', join(HERE, name)], {
    input: picture(i),
  });
}

// Rotation is metadata: the packets stay as they are.
execFileSync('ffmpeg', [
  ...['-v', 'error', '-y', '-i', join(HERE, 'no-sound.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90'],
  ...['-fflags', '+bitexact', join(HERE, 'rotated.mp4')],
]);

// Subtitles that run longer than the picture.
writeFileSync(join(scratch, 'long.srt'), '1\n00:00:01,000 --> 00:00:08,000\nlong\n');
execFileSync('ffmpeg', [
  ...['-v', 'error', '-y', '-i', join(HERE, 'no-sound.mp4'), '-i', join(scratch, 'long.srt')],
  ...['-c:v', 'copy', '-c:s', 'srt', '-fflags', '+bitexact', join(HERE, 'subtitles.mkv')],
]);

// Sound with a cover, which is no picture of a clip.
execFileSync('ffmpeg', [
  ...['-v', 'error', '-y', '-i', join(HERE, 'tone.mp3'), '-i', join(HERE, 'a.png'), '-map', '0', '-map', '1'],
  ...['-c', 'copy', '-disposition:v', 'attached_pic', '-fflags', '+bitexact', join(HERE, 'cover.mp3')],
]);

for (const name of ['h264-aac.mp4', 'vp9-opus.webm']) {
  const whole = readFileSync(join(HERE, name));
  writeFileSync(join(HERE, `truncated-${name}`), whole.subarray(0, Math.floor(whole.length * 0.6)));
}
// A table that says it has four billion entries stays as it was found: stts-count.mp4.
writeFileSync(join(HERE, 'empty.mp4'), '');
writeFileSync(join(HERE, 'text.mp4'), 'This is not a clip.\n'.repeat(20));
rmSync(scratch, { recursive: true });
