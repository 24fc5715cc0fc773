#!/usr/bin/env node
/**
 * Makes the demo's clips and their list: `node src/cli/make-clips.mjs [--out public/demo] [--seed 7]`.
 *
 * Drawn faces with synthetic voices, half MP4 (H.264, AAC), half WebM (VP9, Opus). The face shows valence and the voice
 * arousal, and the label needs both:
 *
 *               calm voice   excited voice
 *   smiling     neutral      happy
 *   frowning    sad          angry
 *
 * Everything else (person, place, movement, speaker, vowels, noise, length, codec, number) is drawn independently of the
 * label, and every cell of the table has the same count in either split and codec, so that neither sense alone beats one half.
 * Needs ffmpeg with libx264, libvpx-vp9 and libopus; only whoever remakes the set needs it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { anyPerson, drawFace } from './clips/face.mjs';
import { Random } from './clips/random.mjs';
import { anySpeaker, speak, VOICE_RATE } from './clips/voice.mjs';

const SIZE = 96;
const FRAMES_PER_SECOND = 10;
/** Clips of each label, split and container: 4 x 2 x (12 + 4) = 128. */
const COUNTS = { train: 12, test: 4 };
const CONTAINERS = ['mp4', 'webm'];
const LABELS = [
  { label: 'happy', valence: 1, arousal: 1 },
  { label: 'neutral', valence: 1, arousal: -1 },
  { label: 'angry', valence: -1, arousal: 1 },
  { label: 'sad', valence: -1, arousal: -1 },
];
/** The question that a run on the demo asks. */
const QUESTION = 'Which emotion do face and voice show?';

const ENCODERS = {
  mp4: [
    ...['-c:v', 'libx264', '-preset', 'slow', '-crf', '28', '-x264-params', 'threads=1:keyint=8:bframes=2'],
    ...['-c:a', 'aac', '-b:a', '32k', '-movflags', '+faststart'],
  ],
  webm: [
    ...['-c:v', 'libvpx-vp9', '-b:v', '0', '-crf', '36', '-g', '8', '-cpu-used', '1', '-row-mt', '0'],
    ...['-c:a', 'libopus', '-b:a', '24k', '-ac', '1'],
  ],
};

/** What every clip shall be, shuffled so that its number says nothing. */
function planClips(random) {
  const plan = LABELS.flatMap((emotion) =>
    Object.entries(COUNTS).flatMap(([split, count]) =>
      CONTAINERS.flatMap((container) =>
        Array.from({ length: count }, () => ({ ...emotion, split, container })),
      ),
    ),
  );
  return random
    .shuffled(plan)
    .map((clip, i) => ({ ...clip, name: `${String(i + 1).padStart(4, '0')}.${clip.container}` }));
}

function makeClip(clip, random, folder, scratch) {
  const frames = Math.round(random.between(12, 16.99) - 0.5);
  const seconds = frames / FRAMES_PER_SECOND;
  const person = anyPerson(random);
  const speaker = anySpeaker(random);
  const pictures = Array.from({ length: frames }, (_, i) =>
    drawFace(person, clip.valence, i / FRAMES_PER_SECOND, SIZE, random),
  );
  const sound = speak(speaker, clip.arousal, seconds, random);
  const soundPath = join(scratch, 'voice.f32');
  writeFileSync(soundPath, Buffer.from(sound.buffer));
  const picture = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-s',
    `${SIZE}x${SIZE}`,
    '-r',
    `${FRAMES_PER_SECOND}`,
    '-i',
    'pipe:0',
  ];
  const voice = ['-f', 'f32le', '-ar', `${VOICE_RATE}`, '-ac', '1', '-i', soundPath];
  const exact = [
    '-fflags',
    '+bitexact',
    '-flags:v',
    '+bitexact',
    '-flags:a',
    '+bitexact',
    '-map_metadata',
    '-1',
    '-threads',
    '1',
  ];
  const colors = ['-vf', 'scale=out_color_matrix=bt709:out_range=tv', '-pix_fmt', 'yuv420p'];
  const tags = [
    '-colorspace',
    'bt709',
    '-color_primaries',
    'bt709',
    '-color_trc',
    'bt709',
    '-color_range',
    'tv',
  ];
  execFileSync(
    'ffmpeg',
    [
      '-v',
      'error',
      '-y',
      ...picture,
      ...voice,
      ...colors,
      ...tags,
      ...ENCODERS[clip.container],
      ...exact,
      join(folder, clip.name),
    ],
    { input: Buffer.concat(pictures) },
  );
}

/** One row of the list, in R1-Omni's form, with the split beside it. */
function row(clip) {
  return {
    video: `clips/${clip.name}`,
    split: clip.split,
    conversations: [
      { from: 'human', value: `<video>\n<audio>\n${QUESTION}` },
      { from: 'gpt', value: clip.label },
    ],
  };
}

function main() {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: 'public/demo' }, seed: { type: 'string', default: '7' } },
  });
  if (spawnSync('ffmpeg', ['-version']).status !== 0) throw new Error('make-clips needs ffmpeg on the path.');
  const folder = join(values.out, 'clips');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'clips-'));
  const seed = Number(values.seed);
  const plan = planClips(new Random(seed));
  plan.forEach((clip, i) => {
    makeClip(clip, new Random(seed * 100003 + i), folder, scratch);
  });
  rmSync(scratch, { recursive: true });
  const rows = plan.map((clip) => JSON.stringify(row(clip)));
  writeFileSync(join(values.out, 'data.json'), `[\n${rows.join(',\n')}\n]\n`);
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  console.log(`${plan.length} clips, ${(bytes / 1e6).toFixed(2)} MB, in ${folder}`);
}

main();
