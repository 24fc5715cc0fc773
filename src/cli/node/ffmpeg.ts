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
import { checkPart, checkPictureSize, checkSound, partSeconds } from '../../media/limits.ts';
import { isWhole, type Part } from '../../media/part.ts';
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

/** Seconds before a part's first frame from which on its file is read, and by which two times count as one. */
const LEAD_SECONDS = 1;
const SAME_SECONDS = 2e-4;

/** The frames of these ascending indices, each once; `from`: the times of all frames, where a long file is not read from its beginning. */
function framesAt(
  path: string,
  { stream, width, height }: Picture,
  indices: readonly number[],
  { name, from: times }: { readonly name: string; readonly from?: readonly number[] | undefined },
): Map<number, RgbFrame> {
  const near = (time: number): string => `between(t\\,${time - SAME_SECONDS}\\,${time + SAME_SECONDS})`;
  const chosen = indices.map((index) => (times ? near(times[index]!) : `eq(n\\,${index})`)).join('+');
  const first = times ? Math.max(0, times[indices[0]!]! - LEAD_SECONDS) : 0;
  const begin = times ? ['-ss', String(first), '-copyts'] : [];
  const pick = ['-map', `0:${stream}`, '-vf', `select=${chosen}`, '-fps_mode', 'passthrough'];
  const raw = ['-frames:v', String(indices.length), '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const pixels = run('ffmpeg', [...begin, '-i', path, ...pick, ...raw], name);
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

/** Seconds that a file says it lasts. */
function lengthOf(path: string, name: string): number {
  const entries = ['-show_entries', 'format=duration', '-of', 'csv=p=0'];
  return Number(run('ffprobe', [...entries, path], name).toString());
}

type Shown = Pick<DecodedClip, 'frames' | 'frameIndices' | 'frameCount' | 'fps' | 'width' | 'height'> & {
  readonly seconds: number;
};

function decodePicture(
  path: string,
  picture: Picture,
  { choice, part, name }: { readonly choice: FrameChoice; readonly part: Part; readonly name: string },
): Shown {
  const { times, end } = presentation(path, picture.stream, name);
  if (times.length === 0) {
    throw new InputError(`${name}: found a video track without frames, expected at least one frame.`, {
      hint: 'Copy or export the file again, or remove its row.',
    });
  }
  const seconds = Math.max(end - times[0]!, 1e-6);
  checkPart(name, part, seconds);
  const frameIndices = chooseFrames(choice, times.length, seconds, part);
  const from = isWhole(part) ? undefined : times;
  const decoded = framesAt(path, picture, [...new Set(frameIndices)], { name, from });
  const { width, height } = picture;
  return {
    ...{ frameIndices, width, height, seconds: partSeconds(part, seconds) },
    frames: frameIndices.map((index) => decoded.get(index)!),
    frameCount: times.length,
    fps: times.length / seconds,
  };
}

const NO_PICTURE: Shown = {
  ...{ frames: [], frameIndices: [], frameCount: 0, fps: 0, width: 0, height: 0, seconds: 0 },
};

/** A filter that makes mono sound at our rate, and leaves of it the samples of a part. */
function partOfSound({ start = 0, end }: Part): string {
  const at = (seconds: number): number => Math.round(seconds * SAMPLE_RATE);
  const until = end === undefined ? '' : `:end_sample=${at(end)}`;
  const trim = `atrim=start_sample=${at(start)}${until},asetpts=PTS-STARTPTS`;
  return `aformat=sample_rates=${SAMPLE_RATE}:channel_layouts=mono,${trim}`;
}

/** The frames that the reference takes of a clip on disk, and its first `audioSeconds` as 16 kHz mono. @throws InputError */
export function decodeFile(
  path: string,
  { frames: choice, audioSeconds = 30, ...part }: DecodeOptions,
  name = basename(path),
): DecodedClip {
  const { picture, hasSound } = probe(path, name);
  const isSeen = picture !== undefined && choice !== undefined;
  const { seconds, ...shown } = isSeen ? decodePicture(path, picture, { choice, part, name }) : NO_PICTURE;
  if (!isSeen && !isWhole(part)) checkPart(name, part, lengthOf(path, name));
  const mono = ['-ac', '1', '-ar', String(SAMPLE_RATE)];
  const cut = isWhole(part) ? [] : ['-af', partOfSound(part)];
  const first = ['-map', '0:a:0', ...cut, '-t', String(audioSeconds), ...mono];
  const sound = [...first, '-f', 'f32le', 'pipe:1'];
  const heard = hasSound && audioSeconds > 0 ? samples(run('ffmpeg', ['-i', path, ...sound], name)) : null;
  // A part may lie behind the end of its file's sound.
  const waveform = heard?.length === 0 && !isWhole(part) ? null : heard;
  const durationSeconds = isSeen ? seconds : (waveform?.length ?? 0) / SAMPLE_RATE;
  return { name, ...shown, waveform, durationSeconds, warnings: [] };
}

/** The same of a clip that is not a file on disk; `file`: what that is called, where `name` says more. */
export async function decodeBlob(
  blob: Blob,
  name: string,
  options: DecodeOptions,
  file = name,
): Promise<DecodedClip> {
  await reading(name, () => checkIsoBoxes(blob, name));
  const folder = mkdtempSync(join(tmpdir(), 'studio-clip-'));
  try {
    const path = join(folder, basename(file));
    await reading(name, () =>
      pipeline(Readable.fromWeb(blob.stream() as WebStream), createWriteStream(path)),
    );
    return decodeFile(path, options, name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Pictures a second of a folder of them, as the published code takes it. */
const FOLDER_FPS = 3;

/** A picture, or a folder of them as a clip without sound; `pictures` in order. @throws InputError */
export async function decodePictures(
  pictures: readonly { readonly path: string; readonly blob: Blob }[],
  name: string,
  { frames: choice = 1, start, end }: DecodeOptions,
): Promise<DecodedClip> {
  const part = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
  const seconds = pictures.length / FOLDER_FPS;
  checkPart(name, part, seconds);
  const frameIndices = chooseFrames(choice, pictures.length, seconds, part);
  const decoded = new Map<number, RgbFrame>();
  for (const index of new Set(frameIndices)) {
    const { path, blob } = pictures[index]!;
    const { frames } = await decodeBlob(blob, path, { frames: 1, audioSeconds: 0 });
    decoded.set(index, frames[0]!);
  }
  const frames = frameIndices.map((index) => decoded.get(index)!);
  const { width, height } = frames[0]!;
  return {
    ...{ name, frames, frameIndices, frameCount: pictures.length, fps: FOLDER_FPS, width, height },
    ...{ waveform: null, durationSeconds: partSeconds(part, seconds), warnings: [] },
  };
}
