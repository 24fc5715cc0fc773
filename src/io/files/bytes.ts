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

/** The same bytes in pieces whose lengths are multiples of `unit`, but for the last. Each starts at an aligned offset. */
export async function* inMultiplesOf(
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>,
  unit: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let rest = new Uint8Array(0);
  for await (const bytes of pieces) {
    const joined = rest.length === 0 ? bytes : concat(rest, bytes);
    const whole = joined.length - (joined.length % unit);
    if (whole > 0) yield joined.subarray(0, whole);
    rest = joined.slice(whole);
  }
  if (rest.length > 0) yield rest;
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return joined;
}
