import { createSHA256 } from 'hash-wasm';
import { type FileToWrite, jsonFile } from '../writing/file-to-write.ts';

/** A file as it was written. */
export interface ManifestEntry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Room for one line of a manifest beside its path: braces, names, a size and a hash. */
const LINE_BYTES = 160;

/**
 * The files, and behind them a `manifest.json` that names each with its size and SHA-256. Hashes are taken while the files
 * are written, so the manifest must be written last; a folder without it holds an export that broke off.
 */
export function withManifest(
  files: readonly FileToWrite[],
  facts: object,
  path = 'manifest.json',
): FileToWrite[] {
  const written = new Map<string, ManifestEntry>();
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const hashed = files.map((file) => hashing(file, folder, written));
  const manifest = () => jsonFile(path, { ...facts, files: [...written.values()] });
  const lines = files.reduce((sum, file) => sum + file.path.length + LINE_BYTES, 0);
  return [...hashed, { path, bytes: manifest().bytes + lines, pieces: () => manifest().pieces() }];
}

/** The same file, which enters itself into `written` at its end. */
function hashing(file: FileToWrite, folder: string, written: Map<string, ManifestEntry>): FileToWrite {
  return {
    ...file,
    async *pieces() {
      const hash = await createSHA256();
      hash.init();
      let bytes = 0;
      for await (const piece of file.pieces()) {
        hash.update(piece);
        bytes += piece.byteLength;
        yield piece;
      }
      const path = file.path.slice(folder.length);
      written.set(path, { path, bytes, sha256: hash.digest('hex') });
    },
  };
}
