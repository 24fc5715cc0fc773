type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes that wait in the heap for others, so that not every short line is a blob of its own. */
const TAIL_BYTES = 256 << 10;
/** Parts that are joined into one. */
const MOST_PARTS = 64;
const NEWLINE = 10;

const encoder = new TextEncoder();

/** Lines of JSON that grow with a run. They are kept in blobs, which the browser holds outside of the heap. */
export class LineLog {
  #parts: Blob[] = [];
  #bytes = 0;
  #tail?: Bytes;
  #tailBytes = 0;

  /** Appends each value as one line; numbers that JSON cannot write become null. */
  append(...values: readonly unknown[]): void {
    for (const value of values) this.appendLine(encoder.encode(JSON.stringify(value)));
  }

  /** Appends a line, which is copied; its newline is added. */
  appendLine(line: Uint8Array): void {
    const length = line.byteLength + 1;
    if (this.#tailBytes + length > TAIL_BYTES) this.#fold();
    this.#bytes += length;
    if (length > TAIL_BYTES) {
      this.#add(new Blob([new Uint8Array(line), Uint8Array.of(NEWLINE)]));
      return;
    }
    this.#tail ??= new Uint8Array(TAIL_BYTES);
    this.#tail.set(line, this.#tailBytes);
    this.#tailBytes += length;
    this.#tail[this.#tailBytes - 1] = NEWLINE;
  }

  #fold(): void {
    if (this.#tailBytes > 0) this.#add(this.#tailBlob());
    this.#tailBytes = 0;
  }

  #tailBlob(): Blob {
    return new Blob(this.#tail ? [this.#tail.subarray(0, this.#tailBytes)] : []);
  }

  #add(part: Blob): void {
    this.#parts.push(part);
    if (this.#parts.length > MOST_PARTS) this.#parts = [new Blob(this.#parts)];
  }

  /** Of all lines. */
  get bytes(): number {
    return this.#bytes;
  }

  blob(): Blob {
    return new Blob([...this.#parts, this.#tailBlob()], { type: 'application/jsonl' });
  }
}
