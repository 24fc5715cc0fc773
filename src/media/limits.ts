/** What a clip may ask of memory, checked before any of it is taken. */
import { InputError } from '../math/errors.ts';
import type { Part } from './part.ts';

/** Pixels of a picture: twice the sensor of most telephones, and 400 MB once it is decoded. */
const MOST_PIXELS = 2 ** 27;
const [LOWEST_RATE, HIGHEST_RATE] = [1000, 384_000];
const MOST_CHANNELS = 32;

/** @throws InputError for a picture that nobody films, and no memory holds */
export function checkPictureSize(name: string, width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= MOST_PIXELS) return;
  throw new InputError(
    `${name}: found a picture of ${width} × ${height} pixels, expected at most ${MOST_PIXELS} in all.`,
    { hint: 'Scale it down, or remove its row; the model sees a few hundred pixels a side.' },
  );
}

/** @throws InputError for sound that no microphone makes */
export function checkSound(name: string, rate: number, channels: number): void {
  const sane = Number.isInteger(rate) && rate >= LOWEST_RATE && rate <= HIGHEST_RATE;
  if (sane && channels >= 1 && channels <= MOST_CHANNELS) return;
  throw new InputError(
    `${name}: found ${channels} channels of sound at ${rate} Hz, expected 1 to ${MOST_CHANNELS} at ${LOWEST_RATE} to ${HIGHEST_RATE} Hz.`,
    { hint: `Convert it: ffmpeg -i "${name}" -ac 2 -ar 48000 out.wav` },
  );
}

/** Seconds by which a part may end after its file: lists round. */
const PART_SLACK_SECONDS = 0.25;

/** @throws InputError for a part that lies outside of its file of so many seconds */
export function checkPart(name: string, { start = 0, end }: Part, seconds: number): void {
  if (start < seconds && (end ?? 0) <= seconds + PART_SLACK_SECONDS) return;
  throw new InputError(
    `${name}: the file lasts ${seconds.toFixed(2)} s, expected one that holds ${end === undefined ? `what begins at ${start} s` : `${start} to ${end} s`}.`,
    { hint: 'Correct start and end of its row (in seconds), or name the file that they are of.' },
  );
}

/** Seconds of a part that passed `checkPart`. */
export const partSeconds = ({ start = 0, end }: Part, seconds: number): number =>
  Math.min(end ?? seconds, seconds) - start;

const text = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** Width and height that the first bytes of a PNG, GIF, BMP, WebP or JPEG state; undefined where they do not say. */
function statedPictureSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 30) return undefined;
  if (text(bytes, 1, 4) === 'PNG') return { width: view.getUint32(16), height: view.getUint32(20) };
  if (text(bytes, 0, 3) === 'GIF') return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (text(bytes, 0, 2) === 'BM') {
    return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
  }
  if (text(bytes, 8, 12) === 'WEBP') return webpSize(view, text(bytes, 12, 16));
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? jpegSize(view) : undefined;
}

function webpSize(view: DataView, kind: string): { width: number; height: number } | undefined {
  const three = (at: number) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
  if (kind === 'VP8X') return { width: 1 + three(24), height: 1 + three(27) };
  if (kind === 'VP8 ')
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind !== 'VP8L') return undefined;
  const packed = view.getUint32(21, true);
  return { width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) };
}

/** Goes from marker to marker to the frame's header. */
function jpegSize(view: DataView): { width: number; height: number } | undefined {
  for (let at = 2; at + 9 < view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** Bytes in which a picture's size stands, with the largest of thumbnails and profiles before it. */
const HEAD_BYTES = 256 << 10;

/** Refuses a picture by the size that its file states, before anything decodes it. @throws InputError */
export async function checkPictureFile(name: string, file: Blob): Promise<void> {
  const stated = statedPictureSize(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
  if (stated) checkPictureSize(name, stated.width, stated.height);
}
