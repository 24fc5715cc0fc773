/** Files of pretended clips: two that any browser plays, and one that none does. */
import type { ClipFile } from '../../src/protocol/messages.ts';

const RATE = 8000;

/** Seconds of a recording of which a row is about a part. */
export const FAKE_PART = { start: 0.5, end: 1 };

/** By the end of a clip's number: a video that is damaged at 1, a part of a recording at 2, a folder of pictures at 3, else sound. */
export function fakeClip(exampleId: string): ClipFile[] {
  const last = Number(exampleId.at(-1));
  if (last === 1) return [{ name: 'damaged.mp4', kind: 'video', file: new Blob(['no video']) }];
  if (last === 3) return [{ name: 'pictures', kind: 'video' }];
  const part = last === 2 ? FAKE_PART : {};
  return [{ name: `${exampleId}.wav`, kind: 'audio', file: tone(2), ...part }];
}

/** A tone of so many seconds, 16-bit mono. */
function tone(seconds: number): Blob {
  const samples = Int16Array.from({ length: RATE * seconds }, (_, i) => 8000 * Math.sin(i / 3));
  const header = new DataView(new ArrayBuffer(44));
  const text = (at: number, signs: string) =>
    [...signs].forEach((sign, i) => {
      header.setUint8(at + i, sign.charCodeAt(0));
    });
  text(0, 'RIFF');
  header.setUint32(4, 36 + samples.byteLength, true);
  text(8, 'WAVEfmt ');
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, RATE, true);
  header.setUint32(28, 2 * RATE, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, 'data');
  header.setUint32(40, samples.byteLength, true);
  return new Blob([header, samples], { type: 'audio/wav' });
}
