/** Clips decoded by ffmpeg, for commands that run where no browser does. */
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { reading } from '../../io/files/unreadable.ts';
import { InputError } from '../../math/errors.ts';
import { chooseFrames, type FrameChoice } from '../../media/frame-sampling.ts';
import { checkIsoBoxes } from '../../media/iso-boxes.ts';
import { checkPictureSize, checkSound } from '../../media/limits.ts';
import { type DecodedClip, type DecodeOptions, type RgbFrame, SAMPLE_RATE } from '../../media/types.ts';

/** Only the chosen frames and half a minute of sound come through the pipe: eight frames of 8K take 800 MB. */
const MOST_BYTES = 2 ** 30;
const MOST_MS = 300_000;

interface Picture {
  readonly stream: number;
  /** As shown, after the turn that the file asks for. */
  readonly width: number;
  readonly height: number;
}

interface Streams {
  readonly picture?: Picture;
  readonly hasSound: boolean;
}

interface ProbedStream {
  readonly index: number;
  readonly codec_type: string;
  readonly width?: number;
  readonly height?: number;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly disposition?: { readonly attached_pic?: number };
  readonly side_data_list?: readonly { readonly rotation?: number }[];
}

function run(program: 'ffmpeg' | 'ffprobe', args: readonly string[], name: string): Buffer {
  try {
    return execFileSync(program, ['-v', 'error', ...args], { maxBuffer: MOST_BYTES, timeout: MOST_MS });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      const hint = 'Install ffmpeg (Debian: apt-get install ffmpeg).';
      throw new InputError(`${program} is not installed.`, { hint, cause });
    }
    const late = code === 'ETIMEDOUT' ? `, in ${MOST_MS / 1000} s` : '';
    throw new InputError(`${name}: ${program} cannot read it${late}.`, {
      hint: 'Check that it plays elsewhere; copy or export it again, or remove its row.',
      cause,
    });
  }
}

/** Picture and sound of a clip. The cover of an album is no picture. */
function probe(path: string, name: string): Streams {
  const entries =
    'stream=index,codec_type,width,height,sample_rate,channels:stream_disposition=attached_pic:stream_side_data=rotation';
  const { streams = [] } = JSON.parse(
    run('ffprobe', ['-show_entries', entries, '-of', 'json', path], name).toString(),
  ) as { streams?: ProbedStream[] };
  const video = streams.find(
    ({ codec_type, disposition }) => codec_type === 'video' && disposition?.attached_pic !== 1,
  );
  const audio = streams.find(({ codec_type }) => codec_type === 'audio');
  if (!video && !audio) {
    throw new InputError(`${name}: found neither a video nor an audio track, expected at least one.`, {
      hint: 'Copy or export the file again, or remove its row.',
    });
  }
  if (audio) checkSound(name, Number(audio.sample_rate), audio.channels ?? 0);
  return { ...(video ? { picture: pictureOf(video, name) } : {}), hasSound: audio !== undefined };
}

function pictureOf(
  { index, width = 0, height = 0, side_data_list = [] }: ProbedStream,
  name: string,
): Picture {
  checkPictureSize(name, width, height);
  const rotation = side_data_list.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  const sideways = Math.abs(rotation) % 180 === 90;
  return { stream: index, width: sideways ? height : width, height: sideways ? width : height };
}

/** When the frames that are shown begin, ascending, and when the last one ends, in seconds; none of what an edit list cuts off. */
function presentation(path: string, stream: number, name: string): { times: number[]; end: number } {
  const entries = ['-select_streams', String(stream), '-show_entries', 'packet=pts_time,duration_time,flags'];
  const { packets = [] } = JSON.parse(run('ffprobe', [...entries, '-of', 'json', path], name).toString()) as {
    packets?: { pts_time?: string; duration_time?: string; flags?: string }[];
  };
  const shown = packets.filter(
    ({ pts_time, flags = '' }) => Number(pts_time ?? Number.NaN) >= 0 && !flags.includes('D'),
  );
  const times = shown.map(({ pts_time }) => Number(pts_time)).sort((a, b) => a - b);
  const ends = shown.map(({ pts_time, duration_time }) => Number(pts_time) + Number(duration_time ?? 0));
  return { times, end: ends.reduce((last, end) => Math.max(last, end), 0) };
}

/** The frames of these ascending indices, each once. */
function framesAt(
  path: string,
  { stream, width, height }: Picture,
  indices: readonly number[],
  name: string,
): Map<number, RgbFrame> {
  const chosen = indices.map((index) => `eq(n\\,${index})`).join('+');
  const pick = ['-map', `0:${stream}`, '-vf', `select=${chosen}`, '-fps_mode', 'passthrough'];
  const raw = ['-frames:v', String(indices.length), '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const pixels = run('ffmpeg', ['-i', path, ...pick, ...raw], name);
  const bytes = width * height * 3;
  if (pixels.length !== bytes * indices.length) {
    const found = `${pixels.length} bytes for ${indices.length} frames of ${width} × ${height}`;
    throw new InputError(`${name}: the clip is truncated or changes its size: found ${found}.`, {
      hint: 'Copy or export the file again, or remove its row.',
    });
  }
  return new Map(
    indices.map((index, at) => [
      index,
      { width, height, data: new Uint8Array(pixels.subarray(at * bytes, (at + 1) * bytes)) },
    ]),
  );
}

function samples(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

type Shown = Pick<DecodedClip, 'frames' | 'frameIndices' | 'frameCount' | 'fps' | 'width' | 'height'> & {
  readonly seconds: number;
};

function decodePicture(path: string, picture: Picture, choice: FrameChoice, name: string): Shown {
  const { times, end } = presentation(path, picture.stream, name);
  if (times.length === 0) {
    throw new InputError(`${name}: found a video track without frames, expected at least one frame.`, {
      hint: 'Copy or export the file again, or remove its row.',
    });
  }
  const seconds = Math.max(end - times[0]!, 1e-6);
  const frameIndices = chooseFrames(choice, times.length, seconds);
  const decoded = framesAt(path, picture, [...new Set(frameIndices)], name);
  const { width, height } = picture;
  return {
    ...{ frameIndices, width, height, seconds },
    frames: frameIndices.map((index) => decoded.get(index)!),
    frameCount: times.length,
    fps: times.length / seconds,
  };
}

const NO_PICTURE: Shown = {
  ...{ frames: [], frameIndices: [], frameCount: 0, fps: 0, width: 0, height: 0, seconds: 0 },
};

/** The frames that the reference takes of a clip on disk, and its first `audioSeconds` as 16 kHz mono. @throws InputError */
export function decodeFile(
  path: string,
  { frames: choice, audioSeconds = 30 }: DecodeOptions,
  name = basename(path),
): DecodedClip {
  const { picture, hasSound } = probe(path, name);
  const isSeen = picture !== undefined && choice !== undefined;
  const { seconds, ...shown } = isSeen ? decodePicture(path, picture, choice, name) : NO_PICTURE;
  const first = ['-map', '0:a:0', '-t', String(audioSeconds)];
  const sound = [...first, '-f', 'f32le', '-ac', '1', '-ar', String(SAMPLE_RATE), 'pipe:1'];
  const waveform = hasSound && audioSeconds > 0 ? samples(run('ffmpeg', ['-i', path, ...sound], name)) : null;
  const durationSeconds = isSeen ? seconds : (waveform?.length ?? 0) / SAMPLE_RATE;
  return { name, ...shown, waveform, durationSeconds, warnings: [] };
}

/** The same of a clip that is not a file on disk. */
export async function decodeBlob(blob: Blob, name: string, options: DecodeOptions): Promise<DecodedClip> {
  await reading(name, () => checkIsoBoxes(blob, name));
  const folder = mkdtempSync(join(tmpdir(), 'studio-clip-'));
  try {
    const path = join(folder, basename(name));
    await reading(name, () =>
      pipeline(Readable.fromWeb(blob.stream() as WebStream), createWriteStream(path)),
    );
    return decodeFile(path, options, name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
