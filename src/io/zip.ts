import { InputError } from '../math/errors.ts';

/** A file for an archive. */
export interface ZipEntry {
  readonly path: string;
  readonly blob: Blob;
}

const MAX_BYTES = 0xffff_ffff;
const VERSION = 20;
/** Bit 11: names are UTF-8. */
const FLAGS = 0x0800;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32 (IEEE 802.3), continued from `crc` of the bytes before. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let register = ~crc >>> 0;
  for (let i = 0; i < bytes.length; i++)
    register = (register >>> 8) ^ crcTable[(register ^ bytes[i]!) & 0xff]!;
  return ~register >>> 0;
}

/**
 * A zip archive that stores its files uncompressed (weights hardly compress). Each blob is read once, in pieces, for its
 * checksum; the archive refers to the blobs and copies nothing. Throws InputError beyond 4 GiB, the format's limit here.
 */
export async function writeZip(entries: readonly ZipEntry[], modified = new Date()): Promise<Blob> {
  const total = entries.reduce((bytes, { blob, path }) => bytes + blob.size + 2 * path.length + 256, 0);
  if (total > MAX_BYTES || entries.length > 0xffff) {
    throw new InputError(
      `The archive would have ${total} bytes in ${entries.length} files; a zip file ends at 4 GiB.`,
      {
        hint: 'Save the files into a folder instead, or leave the merged weights out of the archive.',
      },
    );
  }
  const stamp = dosTime(modified);
  const body: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let offset = 0;
  let directoryBytes = 0;
  for (const { path, blob } of entries) {
    const name = new TextEncoder().encode(path);
    const common = [VERSION, FLAGS, 0, stamp.time, stamp.date];
    const sizes = [await checksum(blob), blob.size, blob.size];
    const local = record(0x04034b50, common, sizes, [name.length, 0]);
    const central = record(0x02014b50, [VERSION, ...common], sizes, [name.length, 0, 0, 0, 0], [0, offset]);
    body.push(local, name, blob);
    directory.push(central, name);
    offset += local.length + name.length + blob.size;
    directoryBytes += central.length + name.length;
  }
  const end = record(0x06054b50, [0, 0, entries.length, entries.length], [directoryBytes, offset], [0]);
  return new Blob([...body, ...directory, end], { type: 'application/zip' });
}

/** A signature and then fields in turn as u16, u32, u16, u32, all little-endian. */
function record(signature: number, ...fields: number[][]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const put = (value: number, size: number) => {
    for (let i = 0; i < size; i++) bytes.push(Math.floor(value / 2 ** (8 * i)) & 0xff);
  };
  put(signature, 4);
  fields.forEach((group, index) => {
    for (const value of group) put(value, index % 2 === 0 ? 2 : 4);
  });
  return Uint8Array.from(bytes);
}

async function checksum(blob: Blob): Promise<number> {
  let crc = 0;
  const reader = blob.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return crc;
    crc = crc32(value, crc);
  }
}

/** Date and time as MS-DOS packs them: two-second steps, years from 1980. */
function dosTime(moment: Date): { time: number; date: number } {
  const year = Math.max(1980, moment.getFullYear());
  return {
    time: (moment.getHours() << 11) | (moment.getMinutes() << 5) | (moment.getSeconds() >> 1),
    date: ((year - 1980) << 9) | ((moment.getMonth() + 1) << 5) | moment.getDate(),
  };
}
