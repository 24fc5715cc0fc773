import { crc32 } from '../writing/zip.ts';

/** A line of a JSONL file and where it ends. */
export interface JsonLine {
  /** Counted from 1. */
  readonly line: number;
  /** Parsed when it is first asked for, before the next line is; undefined where the line is not JSON. */
  readonly value: unknown;
  /** Whether it is as it was written; undefined where it has no checksum. */
  readonly intact: boolean | undefined;
  /** Bytes from the start of the file to the end of this line, its newline included. */
  readonly end: number;
  /** The line without checksum and newline, until the next one is asked for; undefined where it is too long to be one of ours. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

const NEWLINE = 10;
/** A longer line is none of ours: it is passed over. */
const MOST_LINE_BYTES = 64 << 20;
const encoder = new TextEncoder();
/** How a line ends that has a checksum, with zeros for its digits. */
const CHECKSUM = encoder.encode(',"crc32":"\0\0\0\0\0\0\0\0"}');
const CHECKSUM_BYTES = CHECKSUM.byteLength;
const DIGIT = 0;
const HEX = encoder.encode('0123456789abcdef');
const BRACE = 125;

/** Lines of JSON objects, each with the CRC-32 of what it says as its last member. */
export function checkedLines(text: string): Uint8Array<ArrayBuffer> {
  const lines = text.split('\n').filter((line) => line !== '');
  const checked = lines.map((line) => {
    const body = line.slice(0, -1);
    return `${body},"crc32":"${hex(crc32(encoder.encode(body)))}"}\n`;
  });
  return encoder.encode(checked.join(''));
}

const hex = (crc: number): string => crc.toString(16).padStart(8, '0');

/** The lines of a file, read piece by piece. The last one, without its newline, is where a write broke off: it is left out. */
export async function* jsonLines(file: Blob): AsyncGenerator<JsonLine> {
  let [line, end] = [0, 0];
  let rest: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const take = (piece: Uint8Array<ArrayBuffer>): void => {
    length += piece.byteLength;
    if (length > MOST_LINE_BYTES) rest = [];
    else rest.push(piece);
  };
  for await (const chunk of file.stream() as ReadableStream<Uint8Array<ArrayBuffer>>) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, at));
      start = at + 1;
      end += length + 1;
      yield readLine(++line, end, length > MOST_LINE_BYTES ? undefined : joined(rest, length));
      rest = [];
      length = 0;
    }
    take(chunk.slice(start));
  }
}

function joined(pieces: readonly Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}

/** A line is changed in place: in the place of its checksum stands what ends it. */
function readLine(line: number, end: number, found: Uint8Array<ArrayBuffer> | undefined): JsonLine {
  const checksum = found && checksumOf(found);
  if (!found || checksum === undefined) return new FoundLine(line, end, found, found ? undefined : false);
  const body = found.byteLength - CHECKSUM_BYTES;
  const intact = crc32(found.subarray(0, body)) === checksum;
  found[body] = BRACE;
  return new FoundLine(line, end, found.subarray(0, body + 1), intact);
}

/** What a line says its checksum is; undefined where it does not end as one that has it. */
function checksumOf(line: Uint8Array): number | undefined {
  const start = line.byteLength - CHECKSUM_BYTES;
  if (start < 0) return undefined;
  let checksum = 0;
  for (let i = 0; i < CHECKSUM_BYTES; i++) {
    const byte = line[start + i]!;
    if (CHECKSUM[i] !== DIGIT && byte !== CHECKSUM[i]) return undefined;
    if (CHECKSUM[i] !== DIGIT) continue;
    const digit = HEX.indexOf(byte);
    if (digit < 0) return undefined;
    checksum = checksum * 16 + digit;
  }
  return checksum;
}

const decoder = new TextDecoder();

class FoundLine implements JsonLine {
  readonly line: number;
  readonly end: number;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly intact: boolean | undefined;
  #value: { readonly of: unknown } | undefined;

  constructor(
    line: number,
    end: number,
    bytes: Uint8Array<ArrayBuffer> | undefined,
    intact: boolean | undefined,
  ) {
    this.line = line;
    this.end = end;
    this.bytes = bytes;
    this.intact = intact;
  }

  get value(): unknown {
    this.#value ??= { of: this.bytes && parsed(decoder.decode(this.bytes)) };
    return this.#value.of;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
