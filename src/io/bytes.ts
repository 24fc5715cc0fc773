/** A file's bytes without reading it whole: what every reader in this project reads from. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /** A copy of bytes [start, end) in a buffer of its own (offset 0, so any typed array may view it). */
  slice(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A Blob or File, read from disk piece by piece as it is asked for. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    slice: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  };
}

/** Bytes already in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    slice: async (start, end) => Uint8Array.from(bytes.subarray(start, end)),
  };
}
