#!/usr/bin/env node
/**
 * Makes clips as people have them, and says what ffmpeg decodes from them: `node test/clips/real.mjs`.
 *
 * Into `real/` go the clips and `expected.json`: of each clip the numbers of all frames in presentation order, a line of
 * the first of eight frames that the model sees, and every 240th sample of its sound, mixed to mono and brought to 16 kHz in floating point.
 * Frames carry their number (numbered.mjs); each channel of the sound has a chirp of its own, which is never periodic
 * within two seconds, so that a shift shows.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BT709_TAGS, CELL, EXACT, HEIGHT, numberOf, picture, pictureInput, WIDTH, YUV } from './numbered.mjs';

const FOLDER = new URL('./real/', import.meta.url).pathname;
const SCRATCH = mkdtempSync(join(tmpdir(), 'clips-'));
const FPS = 25;
/** Distance of the samples that are written down. */
const STRIDE = 240;
const [MOVIE_TICKS, FRAME_TICKS] = [1000, 512];
const H264 = [...YUV, ...BT709_TAGS, '-c:v', 'libx264', '-crf', '26', '-g', '12', '-threads', '1'];
const VP9 = [...YUV, ...BT709_TAGS, '-c:v', 'libvpx-vp9', '-b:v', '0', '-crf', '34', '-g', '12'];
const AAC = ['-c:a', 'aac', '-b:a', '48k'];
const OPUS = ['-c:a', 'libopus', '-b:a', '64k'];

function ffmpeg(args, input) {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { input, maxBuffer: 2 ** 30 });
}

/** `frames` numbered pictures at `fps`, encoded with `args`; `inputs` come after the pictures. */
function film(name, frames, args, { inputs = [], fps = FPS, width = WIDTH, height = HEIGHT } = {}) {
  const pictures = Buffer.concat(Array.from({ length: frames }, (_, i) => picture(i, width, height)));
  ffmpeg([...pictureInput(fps, width, height), ...inputs, ...args, ...EXACT, join(FOLDER, name)], pictures);
}

/** A sound of chirps: channel c sweeps from 200 + 40 c Hz upwards by 300 Hz a second, anew every two seconds. */
function sound(rate, channels, seconds) {
  const samples = new Float32Array(rate * seconds * channels);
  for (let i = 0; i < samples.length; i++) {
    const [c, t] = [i % channels, (Math.floor(i / channels) / rate) % 2];
    samples[i] = (0.25 / (1 + c)) * Math.sin(2 * Math.PI * ((200 + 40 * c) * t + 150 * t * t));
  }
  const path = join(SCRATCH, `${rate}-${channels}-${seconds}.f32`);
  writeFileSync(path, Buffer.from(samples.buffer));
  return ['-f', 'f32le', '-ar', `${rate}`, '-ac', `${channels}`, '-i', path];
}

/** Copies a clip of the folder without encoding it again. */
function remux(from, name, before, ...after) {
  ffmpeg([...before, '-i', join(FOLDER, from), '-c', 'copy', ...after, ...EXACT, join(FOLDER, name)]);
}

/** Copies a clip and changes its bytes from the first `box` on: `change(view)` sees what follows the box's name. */
function patch(from, name, box, change) {
  const bytes = readFileSync(join(FOLDER, from));
  const at = bytes.indexOf(box) + box.length;
  change(new DataView(bytes.buffer, bytes.byteOffset + at));
  writeFileSync(join(FOLDER, name), bytes);
}

/** `plain.mp4` shown from frame `start` on. The edit list: version, count, duration in movie ticks, start in media ticks. */
function edit(name, start, frames) {
  patch('plain.mp4', name, 'elst', (view) => {
    view.setUint32(8, (frames * MOVIE_TICKS) / FPS);
    view.setInt32(12, view.getInt32(12) + start * FRAME_TICKS);
  });
}

function makePictures() {
  film('plain.mp4', 25, [...H264, '-bf', '2']);
  film('one.mp4', 1, [...H264]);
  film('five.mp4', 5, [...H264, '-bf', '2']);
  film('pyramid.mp4', 40, [
    ...[...H264, '-bf', '4', '-g', '16'],
    ...['-x264-params', 'b-pyramid=normal:open-gop=1:b-adapt=0:scenecut=0'],
  ]);
  film('fragments.mp4', 25, [...H264, '-movflags', 'frag_keyframe+empty_moov']);
  film('odd.webm', 25, VP9, { width: 175, height: 95 });
  film('odd.mp4', 25, [...H264, '-profile:v', 'high'], { width: 174, height: 90 });
  film('anamorphic.mp4', 25, [...H264.with(1, `${H264[1]},setsar=2`)]);
  film('full-range.mp4', 25, [
    ...['-vf', 'scale=out_color_matrix=bt709:out_range=pc', '-pix_fmt', 'yuvj420p', ...H264.slice(4)],
    ...['-color_range', 'pc'],
  ]);
  film('untagged.mp4', 25, ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-crf', '26', '-threads', '1']);
  film('ten-bit.webm', 25, [...VP9, '-pix_fmt', 'yuv420p10le', '-profile:v', '2']);
  // Each frame is shown longer than the one before, and one for a whole second.
  const stretched = `setpts='(N+N*N/10+25*gt(N,11))/25/TB'`;
  for (const name of ['varying.mp4', 'varying.mkv'])
    film(name, 25, [...H264.with(1, `${H264[1]},${stretched}`), '-bf', '2', '-vsync', 'passthrough']);
}

function makeTurned() {
  for (const [degrees, filter] of [
    [90, 'transpose=1'],
    [180, 'hflip,vflip'],
    [270, 'transpose=2'],
  ]) {
    film('upright.mp4', 12, H264.with(1, `${filter},${H264[1]}`));
    remux('upright.mp4', `turned-${degrees}.mp4`, [], '-metadata:s:v', `rotate=${degrees}`);
  }
  // The matrix of the track header, 40 bytes into the box's body, with its x turned round.
  film('upright.mp4', 12, H264.with(1, `hflip,${H264[1]}`));
  patch('upright.mp4', 'mirrored.mp4', 'tkhd', (view) => {
    view.setInt32(40, -65536);
    view.setInt32(40 + 24, WIDTH * 65536);
  });
  rmSync(join(FOLDER, 'upright.mp4'));
}

function makeEdits() {
  edit('cut-start.mp4', 7, 18);
  edit('cut-between.mp4', 7.5, 17.5);
  const inputs = ['-itsoffset', '0.4', ...sound(16000, 1, 1)];
  film('late-sound.mp4', 25, [...H264, '-bf', '2', ...AAC], { inputs });
  remux(
    'late-sound.mp4',
    'late-picture.mp4',
    ['-itsoffset', '0.6', '-i', join(FOLDER, 'plain.mp4')],
    '-map',
    '0:v',
    '-map',
    '1:a',
  );
}

function makeSounds() {
  const make = (name, seconds, rate, channels, args) =>
    film(name, 12, args, { inputs: sound(rate, channels, seconds) });
  make('mono-8k.mp4', 1, 8000, 1, [...H264, ...AAC]);
  make('mono-48k.webm', 1, 48000, 1, [...VP9, ...OPUS]);
  make('stereo-44k.mp4', 1, 44100, 2, [...H264, ...AAC]);
  make('stereo-48k.webm', 1, 48000, 2, [...VP9, ...OPUS]);
  make('stereo-vorbis.webm', 1, 44100, 2, [...VP9, '-c:a', 'libvorbis', '-b:a', '64k']);
  make('rear-centre.mp4', 1, 16000, 4, [...H264, '-c:a', 'aac', '-b:a', '128k']);
  make('surround.mp4', 1, 48000, 6, [...H264, '-c:a', 'aac', '-b:a', '192k']);
  make('surround.webm', 1, 48000, 6, [...VP9, '-c:a', 'libopus', '-b:a', '192k']);
  make('surround.mkv', 1, 8000, 6, [...H264, '-c:a', 'flac']);
  make('sound-longer.mp4', 2, 16000, 1, [...H264, ...AAC]);
  film('sound-shorter.mp4', 50, [...H264, ...AAC], { inputs: sound(16000, 1, 1) });
  film('long.mp4', 66, [...H264, ...AAC.with(3, '16k')], { inputs: sound(8000, 1, 33), fps: 2 });
}

/** What ffprobe says of a stream. */
function probe(path, stream, entry) {
  const args = [
    '-v',
    'error',
    '-select_streams',
    stream,
    '-show_entries',
    `stream=${entry}`,
    '-of',
    'csv=p=0',
  ];
  return execFileSync('ffprobe', [...args, path], { encoding: 'utf8' }).trim();
}

/** What ffmpeg shows: upright frames, one by one, however long each lasts. */
function picturesOf(path) {
  const [across, down] = probe(path, 'v:0', 'width,height').split(',').map(Number);
  const [width, height] = /turned-(90|270)/.test(path) ? [down, across] : [across, down];
  const each = ['-map', '0:v:0', '-vsync', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24'];
  const raw = ffmpeg(['-i', path, ...each, '-']);
  const bytes = width * height * 3;
  const frames = Array.from({ length: raw.length / bytes }, (_, i) => raw.subarray(i * bytes));
  const chosen = frames[Math.round((frames.length - 1) / 16)];
  const line = chosen.subarray(3 * (CELL / 2) * width);
  return {
    size: [width, height],
    numbers: frames.map((frame) => numberOf(frame, width)),
    line: Array.from({ length: width }, (_, x) => [...line.subarray(3 * x, 3 * x + 3)]),
  };
}

/** Samples that ffmpeg hears at 16 kHz mono, mixed in floating point, and some of them. */
function soundOf(path) {
  const codec = probe(path, 'a:0', 'codec_name');
  if (codec === '') return {};
  // ffmpeg's own Opus decoder hears the low-frequency channel differently from the reference decoder of browsers.
  const decoder = codec === 'opus' ? ['-c:a', 'libopus'] : [];
  const mix = 'aresample=ochl=mono:osf=flt:isf=fltp:tsf=fltp,aresample=16000:filter_size=128:cutoff=0.97';
  const raw = ffmpeg([...decoder, '-i', path, '-map', '0:a:0', '-af', mix, '-f', 'f32le', '-']);
  const samples = new Float32Array(raw.buffer, raw.byteOffset, raw.length / 4);
  const heard = Array.from({ length: Math.floor(samples.length / STRIDE) }, (_, i) => samples[STRIDE * i]);
  return { samples: samples.length, heard: heard.map((value) => Number(value.toFixed(4))) };
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
makePictures();
makeTurned();
makeEdits();
makeSounds();
const names = execFileSync('ls', [FOLDER], { encoding: 'utf8' }).trim().split('\n');
const expected = names.map((name) => {
  const path = join(FOLDER, name);
  return [name, { ...picturesOf(path), ...soundOf(path) }];
});
const lines = expected.map(([name, facts]) => `${JSON.stringify(name)}: ${JSON.stringify(facts)}`);
writeFileSync(join(FOLDER, 'expected.json'), `{\n${lines.join(',\n')}\n}\n`);
rmSync(SCRATCH, { recursive: true });
