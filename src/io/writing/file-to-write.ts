type Bytes = Uint8Array<ArrayBuffer>;

/** A file that is made while it is written, piece by piece, so that a model never lies whole in memory. */
export interface FileToWrite {
  /** Path inside the export, parts joined by '/'. */
  readonly path: string;
  /** Size as planned: exact for tensors and copies, an estimate for text that is made on the way. */
  readonly bytes: number;
  /** The contents in order. Each call makes them anew. */
  pieces(): AsyncIterable<Bytes>;
}

/** Pieces in which a blob is read. */
const PIECE_BYTES = 4 << 20;

export function textFile(path: string, text: string): FileToWrite {
  const bytes = new TextEncoder().encode(text);
  return {
    path,
    bytes: bytes.byteLength,
    async *pieces() {
      yield bytes;
    },
  };
}

/** A JSON file as people read it: indented, with a newline at its end. */
export function jsonFile(path: string, value: unknown): FileToWrite {
  return textFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** JSON Lines: one value a line. */
export function jsonlFile(path: string, values: readonly unknown[]): FileToWrite {
  return textFile(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}

/** A copy of a blob, byte for byte. */
export function blobFile(path: string, blob: Blob): FileToWrite {
  return {
    path,
    bytes: blob.size,
    async *pieces() {
      for (let at = 0; at < blob.size; at += PIECE_BYTES)
        yield new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer());
    },
  };
}

/** The same files one folder further down. */
export function inFolder(folder: string, files: readonly FileToWrite[]): FileToWrite[] {
  return files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
}
