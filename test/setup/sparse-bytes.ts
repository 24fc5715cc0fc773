/** Bytes of any length of which long runs of zeros take no memory. */
import type { ReadableBytes } from './counted-blob.ts';

interface Run {
  readonly length: number;
  /** The first bytes; what follows them is zeros. */
  readonly head: Uint8Array;
}

/** Of a long array so many bytes are kept; the rest is taken for zeros. */
const KEPT = 1 << 12;

export class SparseBytes implements ReadableBytes {
  readonly #runs: Run[];

  constructor(runs: Run[] = []) {
    this.#runs = runs;
  }

  get length(): number {
    return this.#runs.reduce((sum, { length }) => sum + length, 0);
  }

  append(bytes: Uint8Array): void {
    const isLong = bytes.length > 2 ** 20;
    if (isLong && bytes.at(-1) !== 0) throw new Error('These bytes do not end in zeros.');
    this.#runs.push({
      length: bytes.length,
      head: Uint8Array.from(isLong ? bytes.subarray(0, KEPT) : bytes),
    });
  }

  subarray(start: number, end: number): SparseBytes {
    const runs: Run[] = [];
    let at = 0;
    for (const { length, head } of this.#runs) {
      const [from, to] = [Math.max(0, start - at), Math.min(length, end - at)];
      if (from < to) runs.push({ length: to - from, head: head.subarray(from, to) });
      at += length;
    }
    return new SparseBytes(runs);
  }

  slice(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const { length, head } of this.#runs) {
      bytes.set(head, at);
      at += length;
    }
    return bytes;
  }
}
