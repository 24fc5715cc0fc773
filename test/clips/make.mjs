#!/usr/bin/env node
/**
 * Makes the little clips of the media tests with ffmpeg: `node test/clips/make.mjs`.
 *
 * Every frame carries its number as eight squares in a row, black for 0 and white for 1, most significant first; a ninth
 * square is red, a tenth green, an eleventh blue. The sound is a tone of 440 Hz at amplitude 0.25, after 0.5 s of silence.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = new URL('.', import.meta.url).pathname;
const [WIDTH, HEIGHT, CELL, FPS, FRAMES] = [176, 96, 16, 25, 50];
const SECONDS = FRAMES / FPS;
const COLORS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

function cellColor(frame, column) {
  if (column >= 8) return COLORS[column - 8];
  return (frame >> (7 - column)) & 1 ? [255, 255, 255] : [0, 0, 0];
}

/** Squares in the upper half, plain grey below. */
function picture(frame) {
  const bytes = Buffer.alloc(WIDTH * HEIGHT * 3, 128);
  for (let y = 0; y < HEIGHT / 2; y++) {
    for (let x = 0; x < WIDTH; x++) bytes.set(cellColor(frame, Math.floor(x / CELL)), 3 * (y * WIDTH + x));
  }
  return bytes;
}

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

const PICTURE = [
  '-f',
  'rawvideo',
  '-pix_fmt',
  'rgb24',
  '-s',
  `${WIDTH}x${HEIGHT}`,
  '-r',
  `${FPS}`,
  '-i',
  'pipe:0',
];
const MONO = ['-f', 'f32le', '-ar', '48000', '-ac', '1', '-i', join(scratch, 'mono.f32')];
const STEREO = ['-f', 'f32le', '-ar', '44100', '-ac', '2', '-i', join(scratch, 'stereo.f32')];
const YUV = ['-vf', 'scale=out_color_matrix=bt709:out_range=tv', '-pix_fmt', 'yuv420p'];
const TAGS = [
  '-colorspace',
  'bt709',
  '-color_primaries',
  'bt709',
  '-color_trc',
  'bt709',
  '-color_range',
  'tv',
];
const H264 = [...YUV, ...TAGS, '-c:v', 'libx264', '-crf', '26', '-bf', '2', '-g', '24', '-threads', '1'];
const AAC = ['-c:a', 'aac', '-b:a', '64k'];
const OPUS = ['-c:a', 'libopus', '-b:a', '48k'];

/** `frames`: how many of the pictures the encoder is given. */
function encode(frames, name, ...args) {
  const exact = [
    '-fflags',
    '+bitexact',
    '-flags:v',
    '+bitexact',
    '-flags:a',
    '+bitexact',
    '-map_metadata',
    '-1',
  ];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, ...exact, join(HERE, name)], {
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
  ...TAGS,
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
encode(
  FRAMES,
  'vp8-opus.webm',
  ...PICTURE,
  ...MONO,
  ...YUV,
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

for (const name of ['h264-aac.mp4', 'vp9-opus.webm']) {
  const whole = readFileSync(join(HERE, name));
  writeFileSync(join(HERE, `truncated-${name}`), whole.subarray(0, Math.floor(whole.length * 0.6)));
}
writeFileSync(join(HERE, 'empty.mp4'), '');
writeFileSync(join(HERE, 'text.mp4'), 'This is not a clip.\n'.repeat(20));
rmSync(scratch, { recursive: true });
