import type { FileToWrite } from './file-to-write.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface ZipOptions {
  readonly modified?: Date;
  /** Sizes, offsets and counts from here on are written in 64 bits; smaller than the format's own limit only in tests. */
  readonly zip64From?: number;
}

const LIMIT_32 = 0xffff_ffff;
const LIMIT_16 = 0xffff;
const VERSION = 20;
const VERSION_64 = 45;
/** Bit 3: checksum and sizes follow the data, which is written in one go. Bit 11: names are UTF-8. */
const FLAGS = 0x0808;
const ZIP64_EXTRA = 1;

/** Row r: what a byte comes to with r zero bytes behind it, so that eight bytes are taken at a time. */
const crcTables: readonly Uint32Array[] = makeCrcTables();

function makeCrcTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc >>> 0;
  });
  const tables = [first];
  while (tables.length < 8) {
    tables.push(tables.at(-1)!.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!));
  }
  return tables;
}

/** CRC-32 (IEEE 802.3), continued from `crc` of the bytes before. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = crcTables as [Uint32Array, ...Uint32Array[]];
  let register = ~crc;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    const low = register ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    register =
      t7![low & 0xff]! ^
      t6![(low >>> 8) & 0xff]! ^
      t5![(low >>> 16) & 0xff]! ^
      t4![low >>> 24]! ^
      t3![bytes[i + 4]!]! ^
      t2![bytes[i + 5]!]! ^
      t1![bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) register = (register >>> 8) ^ t0[(register ^ bytes[i]!) & 0xff]!;
  return ~register >>> 0;
}

/** What the directory at the end of the archive says of a file. */
interface Entry {
  readonly name: Bytes;
  readonly crc: number;
  readonly size: number;
  /** Of the local header, from the archive's start. */
  readonly offset: number;
  /** Whether its sizes are written in 64 bits, which is decided by the planned size. */
  readonly wide: boolean;
}

/**
 * A zip archive as a stream: files uncompressed (weights hardly compress), each read once. Beyond 4 GiB or 65,535 files
 * the 64-bit records of the format are used (APPNOTE 4.3.14, 4.5.3).
 */
export async function* zipPieces(
  files: readonly FileToWrite[],
  { modified = new Date(), zip64From = LIMIT_32 }: ZipOptions = {},
): AsyncGenerator<Bytes> {
  const stamp = dosTime(modified);
  const entries: Entry[] = [];
  let offset = 0;
  for (const file of files) {
    const name = new TextEncoder().encode(file.path);
    const wide = file.bytes >= zip64From;
    const header = localHeader(name, stamp, wide);
    yield header;
    let [crc, size] = [0, 0];
    for await (const piece of file.pieces()) {
      crc = crc32(piece, crc);
      size += piece.byteLength;
      yield piece;
    }
    if (!wide && size > LIMIT_32)
      throw new RangeError(`zip: ${file.path} grew to ${size} bytes, past 4 GiB.`);
    const after = dataDescriptor(crc, size, wide);
    yield after;
    entries.push({ name, crc, size, offset, wide });
    offset += header.byteLength + size + after.byteLength;
  }
  yield directory(entries, offset, stamp, zip64From);
}

/** Size of the archive that `zipPieces` makes of files below 4 GiB. */
export function zipBytes(files: readonly FileToWrite[]): number {
  const frame = (path: string) => 30 + 16 + 46 + 2 * new TextEncoder().encode(path).byteLength;
  return files.reduce((sum, { path, bytes }) => sum + bytes + frame(path), 22);
}

function localHeader(name: Bytes, { time, date }: DosTime, wide: boolean): Bytes {
  const size = wide ? LIMIT_32 : 0;
  const extra = wide ? record([2, ZIP64_EXTRA], [2, 16], [8, 0], [8, 0]) : record();
  const version = wide ? VERSION_64 : VERSION;
  return join(
    record([4, 0x04034b50], [2, version], [2, FLAGS], [2, 0], [2, time], [2, date]),
    record([4, 0], [4, size], [4, size], [2, name.length], [2, extra.length]),
    name,
    extra,
  );
}

function dataDescriptor(crc: number, size: number, wide: boolean): Bytes {
  const bytes = wide ? 8 : 4;
  return record([4, 0x08074b50], [4, crc], [bytes, size], [bytes, size]);
}

function centralHeader(
  { name, crc, size, offset, wide }: Entry,
  { time, date }: DosTime,
  zip64From: number,
): Bytes {
  const far = offset >= zip64From;
  const long: Field[] = [
    ...(wide ? ([8, 8] as const).map((bytes): Field => [bytes, size]) : []),
    ...(far ? [[8, offset] as Field] : []),
  ];
  const extra = long.length > 0 ? record([2, ZIP64_EXTRA], [2, 8 * long.length], ...long) : record();
  const version = extra.length > 0 ? VERSION_64 : VERSION;
  const shown = wide ? LIMIT_32 : size;
  return join(
    record([4, 0x02014b50], [2, version], [2, version], [2, FLAGS], [2, 0], [2, time], [2, date]),
    record([4, crc], [4, shown], [4, shown], [2, name.length], [2, extra.length]),
    record([2, 0], [2, 0], [2, 0], [4, 0], [4, far ? LIMIT_32 : offset]),
    name,
    extra,
  );
}

/** The list of files and the records that close the archive; it begins at `start`. */
function directory(entries: readonly Entry[], start: number, stamp: DosTime, zip64From: number): Bytes {
  const headers = join(...entries.map((entry) => centralHeader(entry, stamp, zip64From)));
  const count = entries.length;
  const end = start + headers.byteLength;
  const wide = end >= zip64From || count >= Math.min(zip64From, LIMIT_16);
  const wideEnd = join(
    record([4, 0x06064b50], [8, 44], [2, VERSION_64], [2, VERSION_64], [4, 0], [4, 0]),
    record([8, count], [8, count], [8, headers.byteLength], [8, start]),
    record([4, 0x07064b50], [4, 0], [8, end], [4, 1]),
  );
  const [shownCount, shownBytes, shownStart] = wide
    ? [LIMIT_16, LIMIT_32, LIMIT_32]
    : [count, headers.byteLength, start];
  const last = join(
    record([4, 0x06054b50], [2, 0], [2, 0], [2, shownCount], [2, shownCount]),
    record([4, shownBytes], [4, shownStart], [2, 0]),
  );
  return wide ? join(headers, wideEnd, last) : join(headers, last);
}

/** A number and the bytes it takes. */
type Field = readonly [bytes: 2 | 4 | 8, value: number];

/** Numbers one after the other, little-endian. */
function record(...fields: readonly Field[]): Bytes {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

function join(...parts: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

interface DosTime {
  readonly time: number;
  readonly date: number;
}

/** Date and time as MS-DOS packs them: two-second steps, years from 1980. */
function dosTime(moment: Date): DosTime {
  const year = Math.max(1980, moment.getFullYear());
  return {
    time: (moment.getHours() << 11) | (moment.getMinutes() << 5) | (moment.getSeconds() >> 1),
    date: ((year - 1980) << 9) | ((moment.getMonth() + 1) << 5) | moment.getDate(),
  };
}
