/** The demo's clips as the towers take them, decoded by ffmpeg: this command runs where no browser does. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleFrameIndices } from '../../media/frame-sampling.ts';
import { logMel } from '../../media/log-mel.ts';
import { pixelsFromFrames } from '../../media/pixels.ts';
import type { ClipInput } from '../../rl/encoder.ts';
import { AUDIO_CONFIG, VISION_CONFIG } from './architecture.ts';

export interface DemoClip extends Required<ClipInput> {
  readonly id: string;
  readonly label: string;
  readonly split: 'train' | 'test';
}

interface Row {
  readonly video: string;
  readonly split: 'train' | 'test';
  readonly conversations: readonly { readonly value: string }[];
}

const FRAMES = 4;
const HOP = 160;
const MOST_BYTES = 1 << 28;

function ffmpeg(path: string, ...args: string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', '-i', path, ...args, 'pipe:1'], { maxBuffer: MOST_BYTES });
}

function sizeOf(path: string): { width: number; height: number } {
  const args = [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'stream=width,height',
    '-of',
    'csv=p=0',
    path,
  ];
  const [width, height] = execFileSync('ffprobe', args, { encoding: 'utf8' }).trim().split(',').map(Number);
  return { width: width!, height: height! };
}

async function decodeClip(path: string): Promise<Required<ClipInput>> {
  const { width, height } = sizeOf(path);
  const bytes = ffmpeg(path, '-f', 'rawvideo', '-pix_fmt', 'rgb24');
  const area = width * height * 3;
  const frames = sampleFrameIndices(bytes.length / area, FRAMES).map((index) => ({
    width,
    height,
    data: new Uint8Array(bytes.subarray(index * area, (index + 1) * area)),
  }));
  const sound = ffmpeg(path, '-f', 'f32le', '-ac', '1', '-ar', '16000');
  const waveform = new Float32Array(sound.buffer.slice(sound.byteOffset, sound.byteOffset + sound.length));
  const samples = 2 * AUDIO_CONFIG.max_source_positions * HOP;
  return {
    pixels: await pixelsFromFrames(frames, VISION_CONFIG.image_size),
    logMel: await logMel(waveform, AUDIO_CONFIG.num_mel_bins, { samples }),
  };
}

/** All clips of public/demo/data.json, in its order. tfjs must already run on the device. */
export async function readDemoClips(folder: string): Promise<DemoClip[]> {
  const rows = JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8')) as Row[];
  const clips: DemoClip[] = [];
  for (const { video, split, conversations } of rows) {
    const input = await decodeClip(join(folder, video));
    clips.push({ id: video, label: conversations[1]!.value, split, ...input });
  }
  return clips;
}
