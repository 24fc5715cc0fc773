import { crc32 } from '../../src/io/writing/zip.ts';

/** The files of a zip archive that stores them uncompressed, found through its directory; checksums are checked. */
export function readStoredZip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const end = zip.length - 22;
  if (zip.readUInt32LE(end) !== 0x06054b50) throw new Error('no end of a zip directory');
  let at = zip.readUInt32LE(end + 16);
  if (at + zip.readUInt32LE(end + 12) !== end)
    throw new Error('the zip directory has another size than it says');
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error(`no directory entry at byte ${at}`);
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    files.set(name, fileAt(zip, zip.readUInt32LE(at + 42), name, zip.readUInt32LE(at + 24)));
    if (crc32(files.get(name)!) !== zip.readUInt32LE(at + 16)) throw new Error(`${name}: wrong checksum`);
    at += 46 + nameLength + zip.readUInt16LE(at + 30);
  }
  return files;
}

function fileAt(zip: Buffer, local: number, name: string, size: number): Buffer {
  if (zip.readUInt32LE(local) !== 0x04034b50) throw new Error(`${name}: no local header`);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  return zip.subarray(start, start + size);
}
