/** Clips decoded by ffmpeg, for commands that run where no browser does. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { InputError } from '../../math/errors.ts';
import { chooseFrames, type FrameChoice } from '../../media/frame-sampling.ts';
import { type DecodedClip, type RgbFrame, SAMPLE_RATE } from '../../media/types.ts';

const MOST_BYTES = 2 ** 30;

interface Streams {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly hasSound: boolean;
}

function run(program: 'ffmpeg' | 'ffprobe', args: readonly string[], name: string): Buffer {
  try {
    return execFileSync(program, ['-v', 'error', ...args], { maxBuffer: MOST_BYTES });
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InputError(missing ? `${program} is not installed.` : `${name}: ${program} cannot read it.`, {
      hint: missing ? 'Install ffmpeg (Debian: apt-get install ffmpeg).' : 'Check that it plays elsewhere.',
      cause,
    });
  }
}

function probe(path: string, name: string): Streams {
  const entries = 'stream=codec_type,width,height,avg_frame_rate';
  const found = JSON.parse(
    run('ffprobe', ['-show_entries', entries, '-of', 'json', path], name).toString(),
  ) as {
    streams: { codec_type: string; width?: number; height?: number; avg_frame_rate?: string }[];
  };
  const video = found.streams.find(({ codec_type }) => codec_type === 'video');
  const [frames = 0, seconds = 1] = (video?.avg_frame_rate ?? '0/1').split('/').map(Number);
  return {
    width: video?.width ?? 0,
    height: video?.height ?? 0,
    fps: seconds > 0 ? frames / seconds : 0,
    hasSound: found.streams.some(({ codec_type }) => codec_type === 'audio'),
  };
}

function samples(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** The frames that the reference takes of a clip on disk, and its first `audioSeconds` as 16 kHz mono. @throws InputError */
export function decodeFile(
  path: string,
  { frames: choice, audioSeconds }: { readonly frames: FrameChoice; readonly audioSeconds: number },
  name = basename(path),
): DecodedClip {
  const { width, height, fps, hasSound } = probe(path, name);
  const area = width * height * 3;
  const pixels =
    area > 0
      ? run('ffmpeg', ['-i', path, '-map', '0:v:0', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'], name)
      : Buffer.alloc(0);
  const frameCount = area > 0 ? pixels.length / area : 0;
  const seconds = fps > 0 ? frameCount / fps : 0;
  const frameIndices = frameCount > 0 ? chooseFrames(choice, frameCount, seconds) : [];
  const frames = frameIndices.map(
    (index): RgbFrame => ({
      width,
      height,
      data: new Uint8Array(pixels.subarray(index * area, (index + 1) * area)),
    }),
  );
  const sound = ['-t', String(audioSeconds), '-f', 'f32le', '-ac', '1', '-ar', String(SAMPLE_RATE), 'pipe:1'];
  return {
    name,
    frames,
    frameIndices,
    waveform: hasSound && audioSeconds > 0 ? samples(run('ffmpeg', ['-i', path, ...sound], name)) : null,
    durationSeconds: seconds,
    frameCount,
    fps,
    width,
    height,
    warnings: [],
  };
}

/** The same of a clip that is not a file on disk. */
export async function decodeBlob(
  blob: Blob,
  name: string,
  options: { readonly frames: FrameChoice; readonly audioSeconds: number },
): Promise<DecodedClip> {
  const folder = mkdtempSync(join(tmpdir(), 'studio-clip-'));
  try {
    const path = join(folder, basename(name));
    writeFileSync(path, new Uint8Array(await blob.arrayBuffer()));
    return decodeFile(path, options, name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
