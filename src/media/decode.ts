import {
  ALL_FORMATS,
  type AudioSample,
  AudioSampleSink,
  BlobSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  type InputTrack,
  type InputVideoTrack,
  UnsupportedInputFormatError,
  VideoSampleSink,
} from 'mediabunny';
import { isReadFailure, unreadableFile } from '../io/files/unreadable.ts';
import { InputError } from '../math/errors.ts';
import { silenceNonFinite } from './audio.ts';
import { chooseFrames, type FrameChoice } from './frame-sampling.ts';
import { checkIsoBoxes } from './iso-boxes.ts';
import { checkPart, checkPictureSize, checkSound, partSeconds } from './limits.ts';
import { checkMatroskaHead, isWholeMatroska } from './matroska.ts';
import type { Part } from './part.ts';
import { decodeGif } from './pictures.ts';
import { mirror, readPixels, rotate } from './rgb.ts';
import { monoSound } from './sound.ts';
import { type DecodedClip, type DecodeOptions, type RgbFrame, SAMPLE_RATE } from './types.ts';

const CONTAINERS = 'MP4, MOV, WebM, MKV, GIF, WAV, MP3, Ogg, FLAC or AAC';
const VIDEO_CODECS = 'H.264, VP8, VP9 or AV1';
const AUDIO_CODECS = 'AAC, Opus, MP3, Vorbis, FLAC or PCM';
const COPY_AGAIN = 'Copy or export the file again, or remove its row.';
const GIF_SIGNATURE = 'GIF8';
/** RIFF, four bytes of length, and what it is. */
const AVI_SIGNATURE = /^RIFF.{4}AVI /s;
/** A file may end this much before the length it states, in seconds and as a share, and still count as whole. */
const END_SLACK_SECONDS = 0.25;
const END_SLACK_SHARE = 0.1;

interface Picture {
  readonly frames: readonly RgbFrame[];
  readonly frameIndices: readonly number[];
  readonly frameCount: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
}

const NO_PICTURE: Picture = { frames: [], frameIndices: [], frameCount: 0, fps: 0, width: 0, height: 0 };

/**
 * Decodes what the model needs of a clip: the frames of the published sampling rule, and 16 kHz mono sound.
 *
 * Frames are counted in presentation order from the container's packets, so only the chosen ones are decoded (and what
 * they depend on). Sound without a picture gives `frames: []`; a picture without sound gives `waveform: null`.
 * Runs in a worker or a page; decoders are the browser's.
 * @throws InputError naming the file: empty, unknown container or codec, truncated or damaged
 */
export async function decodeClip(file: Blob, name: string, options: DecodeOptions): Promise<DecodedClip> {
  if (file.size === 0) {
    throw new InputError(`${name}: found 0 bytes, expected a clip (${CONTAINERS}).`, { hint: COPY_AGAIN });
  }
  try {
    if (options.frames !== undefined && (await file.slice(0, 4).text()) === GIF_SIGNATURE)
      return await decodeGif(file, name, options.frames, partOf(options));
    if (AVI_SIGNATURE.test(await headOf(file))) throw notRead(name, 'an AVI file, which no browser opens');
    await checkIsoBoxes(file, name);
    await checkMatroskaHead(file, name);
    using input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
    return await decodeContainer(input, file, name, options);
  } catch (error) {
    throw explain(error, file, name);
  }
}

const headOf = async (file: Blob): Promise<string> =>
  new TextDecoder('latin1').decode(await file.slice(0, 12).arrayBuffer());

const notRead = (name: string, found: string, cause?: unknown): InputError =>
  new InputError(`${name}: found ${found}, expected ${CONTAINERS}.`, {
    hint: `Convert it: ffmpeg -i "${name}" -c:v libx264 -pix_fmt yuv420p -c:a aac out.mp4`,
    ...(cause === undefined ? {} : { cause }),
  });

function explain(error: unknown, file: Blob, name: string): InputError {
  if (error instanceof InputError) return error;
  if (isReadFailure(error)) return unreadableFile(name, error);
  if (error instanceof UnsupportedInputFormatError) {
    return notRead(name, `${file.size} bytes of no known container`, error);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new InputError(`${name}: found a damaged or truncated clip (${reason}), expected a whole one.`, {
    hint: COPY_AGAIN,
    cause: error,
  });
}

async function decodeContainer(
  input: Input,
  file: Blob,
  name: string,
  options: DecodeOptions,
): Promise<DecodedClip> {
  const { frames, audioSeconds = 30 } = options;
  const video = frames === undefined ? null : await input.getPrimaryVideoTrack();
  const audio = await input.getPrimaryAudioTrack();
  if (!video && !audio) {
    const found =
      frames === undefined
        ? 'no audio track, expected one'
        : 'neither a video nor an audio track, expected at least one';
    throw new InputError(`${name}: found ${found}.`, { hint: COPY_AGAIN });
  }
  if (video) {
    checkPictureSize(name, await video.getCodedWidth(), await video.getCodedHeight());
    await requireDecodable(video, name, VIDEO_CODECS);
  }
  const heard = audioSeconds > 0 ? audio : null;
  if (heard) {
    checkSound(name, await heard.getSampleRate(), await heard.getNumberOfChannels());
    await requireDecodable(heard, name, AUDIO_CODECS);
  }
  const durationSeconds = await measuredDuration(
    input,
    [video, audio].filter((track) => track !== null),
    { file, name },
  );
  const part = partOf(options);
  checkPart(name, part, durationSeconds);
  const picture =
    video && frames !== undefined ? await decodePicture(video, name, { choice: frames, part }) : NO_PICTURE;
  const waveform = heard ? await decodeSound(heard, name, { seconds: audioSeconds, part }) : null;
  const repaired = waveform ? silenceNonFinite(waveform) : 0;
  const warnings =
    repaired > 0 ? [`${name}: ${repaired} samples were not finite numbers; replaced by silence.`] : [];
  return { name, ...picture, waveform, durationSeconds: partSeconds(part, durationSeconds), warnings };
}

const partOf = ({ start, end }: DecodeOptions): Part => ({
  ...(start === undefined ? {} : { start }),
  ...(end === undefined ? {} : { end }),
});

async function requireDecodable(
  track: InputVideoTrack | InputAudioTrack,
  name: string,
  expected: string,
): Promise<void> {
  if (await track.canDecode()) return;
  const codec = (await track.getCodecParameterString()) ?? (await track.getCodec()) ?? 'an unnamed codec';
  throw new InputError(
    `${name}: found ${track.type} in ${codec}, which this browser does not decode, expected ${expected}.`,
    {
      hint: `Convert it: ffmpeg -i "${name}" -c:v libx264 -pix_fmt yuv420p -c:a aac out.mp4`,
    },
  );
}

/**
 * Length of picture and sound by the packets that are there, in seconds; refuses a file that states a clearly greater one.
 * Matroska states one length for everything in it: subtitles may run on after picture and sound, so that of a segment that is
 * all there the packets are believed.
 */
async function measuredDuration(
  input: Input,
  tracks: InputTrack[],
  { file, name }: { file: Blob; name: string },
): Promise<number> {
  const measured = await input.computeDuration(tracks);
  const stated = await input.getDurationFromMetadata(tracks);
  const missing = (stated ?? 0) - measured;
  if (stated === null || missing <= Math.max(END_SLACK_SECONDS, END_SLACK_SHARE * stated)) return measured;
  if (await isWholeMatroska(file)) return measured;
  throw truncated(name, `${measured.toFixed(2)} s of data`, `the ${stated.toFixed(2)} s its header states`);
}

function truncated(name: string, found: string, expected: string): InputError {
  return new InputError(`${name}: the clip is truncated: found ${found}, expected ${expected}.`, {
    hint: COPY_AGAIN,
  });
}

/**
 * Presentation times of all frames that are shown, ascending, and the time at which the last one ends. Frames that begin
 * before the start of the presentation (an edit list cut them off) are there only for others to be predicted from.
 */
async function presentationTimes(track: InputVideoTrack): Promise<{ times: number[]; end: number }> {
  const times: number[] = [];
  let end = 0;
  for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, {
    metadataOnly: true,
  })) {
    if (packet.timestamp < 0) continue;
    times.push(packet.timestamp);
    end = Math.max(end, packet.timestamp + packet.duration);
  }
  return { times: times.sort((a, b) => a - b), end };
}

async function decodePicture(
  track: InputVideoTrack,
  name: string,
  { choice, part }: { readonly choice: FrameChoice; readonly part: Part },
): Promise<Picture> {
  const { times, end } = await presentationTimes(track);
  if (times.length === 0) throw truncated(name, 'a video track without frames', 'at least one frame');
  const seconds = Math.max(end - times[0]!, 1e-6);
  const frameIndices = chooseFrames(choice, times.length, seconds, part);
  const wanted = [...new Set(frameIndices)];
  const decoded = await decodeFrames(track, wanted, times, name);
  const { width, height } = decoded.get(wanted[0]!)!;
  const fps = times.length / seconds;
  return {
    frames: frameIndices.map((i) => decoded.get(i)!),
    frameIndices,
    frameCount: times.length,
    fps,
    width,
    height,
  };
}

/** The frames of the given ascending indices; frame i is the one presented at `times[i]` seconds. */
async function decodeFrames(
  track: InputVideoTrack,
  indices: readonly number[],
  times: readonly number[],
  name: string,
): Promise<Map<number, RgbFrame>> {
  const decoded = new Map<number, RgbFrame>();
  // Of a stream that does not say its matrix, browsers guess one by themselves; the file's word is asked instead.
  const { matrix = null } = await track.getColorSpace();
  const samples = new VideoSampleSink(track).samplesAtTimestamps(indices.map((index) => times[index]!));
  for await (const sample of samples) {
    const index = indices[decoded.size]!;
    if (!sample) throw truncated(name, `no picture for frame ${index}`, `${times.length} frames`);
    const { rotation, flip } = sample;
    // Decoders have few buffers: a frame is closed as soon as it is read.
    const frame = await readPixels(sample, matrix).finally(() => sample.close());
    const turned = rotate(frame, rotation);
    decoded.set(index, flip ? mirror(turned) : turned);
  }
  return decoded;
}

/** Sound decoded beyond the limit, in seconds, so that the resampler sees no edge there. */
const SOUND_MARGIN = 0.05;

/** Sound decoded before a part begins, in seconds: codecs build on the packets before. */
const SOUND_LEAD = 0.5;

/**
 * The first `seconds` of sound, counted from where it begins, or of a part of it; null where a part has none. As in the published
 * code, sound that begins later than the picture is not moved.
 */
async function decodeSound(
  track: InputAudioTrack,
  name: string,
  { seconds: most, part: { start, end } }: { readonly seconds: number; readonly part: Part },
): Promise<Float32Array | null> {
  const seconds = Math.min(most, (end ?? Number.POSITIVE_INFINITY) - (start ?? 0));
  if (start !== undefined) return soundFrom(track, name, { start, seconds });
  const codec = await track.getCodec();
  const last = Math.max(0, await track.getFirstTimestamp()) + seconds + SOUND_MARGIN;
  // From the very first packet, though it may lie before time zero: the packets after it overlap with it.
  const waveform = await monoSound(new AudioSampleSink(track).samples(undefined, last), { codec, name });
  if (waveform.length === 0) throw truncated(name, 'an audio track without sound', 'at least one packet');
  return waveform.subarray(0, Math.round(seconds * SAMPLE_RATE));
}

/** `seconds` of sound from `start` on; null where there is none any more. */
async function soundFrom(
  track: InputAudioTrack,
  name: string,
  { start, seconds }: { readonly start: number; readonly seconds: number },
): Promise<Float32Array | null> {
  const codec = await track.getCodec();
  const lead = Math.max(0, start - SOUND_LEAD);
  const samples = new AudioSampleSink(track).samples(lead, start + seconds + SOUND_MARGIN);
  let begin: number | undefined;
  async function* noting(): AsyncGenerator<AudioSample> {
    for await (const sample of samples) {
      begin ??= sample.timestamp;
      yield sample;
    }
  }
  const waveform = await monoSound(noting(), { codec, name, from: lead });
  const skipped = Math.round(Math.max(0, start - Math.max(lead, begin ?? lead)) * SAMPLE_RATE);
  const heard = waveform.subarray(skipped, skipped + Math.round(seconds * SAMPLE_RATE));
  return heard.length > 0 ? heard : null;
}
