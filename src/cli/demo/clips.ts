/** The demo's clips as the towers take them, decoded by ffmpeg: this command runs where no browser does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClipInput } from '../../families/shared/clip-encoder.ts';
import { logMel } from '../../media/log-mel.ts';
import { pixelsFromFrames } from '../../media/pixels.ts';
import { missingAudio, SAMPLE_RATE } from '../../media/types.ts';
import { decodeFile } from '../node/ffmpeg.ts';
import { AUDIO_CONFIG, VISION_CONFIG } from './architecture.ts';

type TowerInput = Required<Pick<ClipInput, 'pixels' | 'logMel'>>;

export interface DemoClip extends TowerInput {
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

async function clipInput(path: string): Promise<TowerInput> {
  const samples = 2 * AUDIO_CONFIG.max_source_positions * HOP;
  const { frames, waveform } = decodeFile(path, { frames: FRAMES, audioSeconds: samples / SAMPLE_RATE });
  return {
    pixels: await pixelsFromFrames(frames, VISION_CONFIG.image_size),
    logMel: await logMel(waveform ?? missingAudio(), AUDIO_CONFIG.num_mel_bins, { samples }),
  };
}

/** All clips of public/demo/data.json, in its order. tfjs must already run on the device. */
export async function readDemoClips(folder: string): Promise<DemoClip[]> {
  const rows = JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8')) as Row[];
  const clips: DemoClip[] = [];
  for (const { video, split, conversations } of rows) {
    const input = await clipInput(join(folder, video));
    clips.push({ id: video, label: conversations[1]!.value, split, ...input });
  }
  return clips;
}
