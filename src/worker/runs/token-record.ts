/**
 * A step's token values as bytes, for a log that only grows:
 *   'tokv', length u32, CRC-32 u32 of what follows; step, answers, then each answer behind its length.
 * An answer: tokens, which columns it has, ids, texts behind their lengths in UTF-8, then the columns. Counts, ids and lengths are
 * varints (LEB128); columns are f16 of 256 times the value, little-endian, but for clips, which are bytes.
 *
 * 256 keeps what is as small as 2.4e-7 among f16's normal numbers, so the relative error of a value v is at most 2^-11 where
 * 2.4e-7 <= |v| <= 255; of smaller ones the error is at most 1.2e-10, larger ones count as 255.9. What is shown as a difference
 * (mismatch, ratio, distance from the reference) is stored as one, and is not made out of two rounded numbers.
 */

import { crc32 } from '../../io/writing/zip.ts';
import { f16ToF32, numberToF16 } from '../../math/half.ts';
import type { AnswerTokens, PassTokens } from '../../rl/measure/token-values.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const MAGIC = Uint8Array.from('tokv', (letter) => letter.charCodeAt(0));
const HEADER_BYTES = 12;
const SCALE = 256;
/** f16's largest number. */
const LARGEST = 65504;

/** Columns that not every answer has, by their bit. `passed` has three of its own. */
const HAS = { passed: 1, logRatios: 2, references: 4, clips: 8 } as const;

export function encodeStep(step: number, answers: readonly AnswerTokens[]): Bytes {
  const writer = new Writer();
  writer.varint(step);
  writer.varint(answers.length);
  for (const answer of answers) {
    const body = new Writer();
    writeAnswer(body, answer);
    writer.varint(body.length);
    writer.bytes(body.taken());
  }
  const payload = writer.taken();
  const record = new Uint8Array(HEADER_BYTES + payload.byteLength);
  const header = new DataView(record.buffer);
  record.set(MAGIC);
  header.setUint32(4, payload.byteLength, true);
  header.setUint32(8, crc32(payload), true);
  record.set(payload, HEADER_BYTES);
  return record;
}

function writeAnswer(writer: Writer, { ids, pieces, sampler, pass }: AnswerTokens): void {
  const { logRatios, references, clips } = pass ?? {};
  writer.varint(ids.length);
  writer.varint(
    (pass ? HAS.passed : 0) |
      (logRatios ? HAS.logRatios : 0) |
      (references ? HAS.references : 0) |
      (clips ? HAS.clips : 0),
  );
  for (const id of ids) writer.varint(id);
  const encoder = new TextEncoder();
  for (const piece of pieces) {
    const text = encoder.encode(piece);
    writer.varint(text.byteLength);
    writer.bytes(text);
  }
  writer.halves(sampler);
  if (!pass) return;
  for (const column of [pass.logProbs, pass.entropies, pass.mismatches, logRatios, references])
    if (column) writer.halves(column);
  if (clips) writer.bytes(clips);
}

/** A record of a step, and where it lies in the bytes that were looked through. */
export interface FoundRecord {
  readonly step: number;
  /** Answers in it. */
  readonly answers: number;
  readonly start: number;
  readonly end: number;
}

/** Sound records in their order; what is damaged or was not written to its end is passed over. */
export function* findRecords(bytes: Bytes): Generator<FoundRecord> {
  for (let at = nextMagic(bytes, 0); at >= 0; ) {
    const found = recordAt(bytes, at);
    if (found) yield found;
    at = nextMagic(bytes, found?.end ?? at + 1);
  }
}

function nextMagic(bytes: Bytes, from: number): number {
  for (let at = bytes.indexOf(MAGIC[0]!, from); at >= 0; at = bytes.indexOf(MAGIC[0]!, at + 1))
    if (MAGIC.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

function recordAt(bytes: Bytes, start: number): FoundRecord | undefined {
  if (start + HEADER_BYTES > bytes.byteLength) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset + start, HEADER_BYTES);
  const end = start + HEADER_BYTES + header.getUint32(4, true);
  if (end > bytes.byteLength) return undefined;
  const payload = bytes.subarray(start + HEADER_BYTES, end);
  if (crc32(payload) !== header.getUint32(8, true)) return undefined;
  const reader = new Reader(payload);
  return { step: reader.varint(), answers: reader.varint(), start, end };
}

/** An answer of a sound record by its place; undefined where there are fewer. */
export function decodeAnswer(record: Bytes, place: number): AnswerTokens | undefined {
  const reader = new Reader(record.subarray(HEADER_BYTES));
  reader.varint();
  const answers = reader.varint();
  if (place < 0 || place >= answers) return undefined;
  for (let skipped = 0; skipped < place; skipped++) reader.take(reader.varint());
  return readAnswer(new Reader(reader.take(reader.varint())));
}

function readAnswer(reader: Reader): AnswerTokens {
  const tokens = reader.varint();
  const columns = reader.varint();
  const ids = Uint32Array.from({ length: tokens }, () => reader.varint());
  // A text may begin with U+FEFF.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pieces = Array.from({ length: tokens }, () => decoder.decode(reader.take(reader.varint())));
  const sampler = reader.halves(tokens);
  if ((columns & HAS.passed) === 0) return { ids, pieces, sampler };
  const [logProbs, entropies, mismatches] = [0, 1, 2].map(() => reader.halves(tokens));
  const pass: PassTokens = {
    ...{ logProbs: logProbs!, entropies: entropies!, mismatches: mismatches! },
    ...(columns & HAS.logRatios ? { logRatios: reader.halves(tokens) } : {}),
    ...(columns & HAS.references ? { references: reader.halves(tokens) } : {}),
    ...(columns & HAS.clips ? { clips: reader.take(tokens).slice() } : {}),
  };
  return { ids, pieces, sampler, pass };
}

class Writer {
  #room = new Uint8Array(1024);
  length = 0;

  #grow(by: number): void {
    if (this.length + by <= this.#room.byteLength) return;
    const larger = new Uint8Array(2 * (this.length + by));
    larger.set(this.#room);
    this.#room = larger;
  }

  varint(value: number): void {
    this.#grow(5);
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.#room[this.length++] = (rest & 0x7f) | 0x80;
    this.#room[this.length++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.#grow(bytes.byteLength);
    this.#room.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  halves(values: Float32Array): void {
    this.#grow(2 * values.length);
    for (const value of values) {
      const scaled = value * SCALE;
      const bits = numberToF16(
        Number.isFinite(value) ? Math.min(LARGEST, Math.max(-LARGEST, scaled)) : scaled,
      );
      this.#room[this.length++] = bits & 0xff;
      this.#room[this.length++] = bits >>> 8;
    }
  }

  taken(): Uint8Array {
    return this.#room.subarray(0, this.length);
  }
}

/** Reads what `Writer` wrote; its checksum was compared before. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  take(count: number): Uint8Array {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  halves(count: number): Float32Array {
    const bytes = this.take(2 * count);
    const words = Uint16Array.from({ length: count }, (_, i) => bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
    return f16ToF32(words).map((value) => value / SCALE);
  }
}
