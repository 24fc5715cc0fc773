import type { FileToWrite } from '../../src/io/writing/file-to-write.ts';
import { type ZipOptions, zipPieces } from '../../src/io/writing/zip.ts';

/** A file to be written, whole. */
export async function bytesOf(file: Pick<FileToWrite, 'pieces'>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of file.pieces()) pieces.push(piece);
  return Buffer.concat(pieces);
}

export function zipOf(files: readonly FileToWrite[], options: ZipOptions = {}): Promise<Buffer> {
  return bytesOf({ pieces: () => zipPieces(files, options) });
}

/** Contents by path, made in order. */
export async function contentsOf(
  files: readonly FileToWrite[],
): Promise<Record<string, Buffer<ArrayBuffer>>> {
  const contents: Record<string, Buffer<ArrayBuffer>> = {};
  for (const file of files) contents[file.path] = Buffer.from(await bytesOf(file));
  return contents;
}
