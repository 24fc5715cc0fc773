import { crc32 } from '../writing/zip.ts';

/** A line of a JSONL file and where it ends. */
export interface JsonLine {
  /** Counted from 1. */
  readonly line: number;
  /** Undefined where the line is not JSON. */
  readonly value: unknown;
  /** Whether it is as it was written; undefined where it has no checksum. */
  readonly intact: boolean | undefined;
  /** Bytes from the start of the file to the end of this line, its newline included. */
  readonly end: number;
}

const NEWLINE = 10;
/** A longer line is none of ours: it is passed over. */
const MOST_LINE_BYTES = 64 << 20;
const CHECKSUM = /,"crc32":"([0-9a-f]{8})"\}$/;
const CHECKSUM_BYTES = ',"crc32":"01234567"}'.length;

/** Lines of JSON objects, each with the CRC-32 of what it says as its last member. */
export function checkedLines(text: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
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
      yield { line: ++line, end, ...readLine(length > MOST_LINE_BYTES ? undefined : joined(rest, length)) };
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

function readLine(bytes: Uint8Array | undefined): Pick<JsonLine, 'value' | 'intact'> {
  if (!bytes) return { value: undefined, intact: false };
  const text = new TextDecoder().decode(bytes);
  const checksum = CHECKSUM.exec(text.slice(-CHECKSUM_BYTES))?.[1];
  if (checksum === undefined) return { value: parsed(text), intact: undefined };
  const intact = hex(crc32(bytes.subarray(0, bytes.byteLength - CHECKSUM_BYTES))) === checksum;
  return { value: parsed(`${text.slice(0, -CHECKSUM_BYTES)}}`), intact };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
