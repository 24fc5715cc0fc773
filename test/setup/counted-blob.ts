/** Bytes that a test has, or only pretends to have. */
export interface ReadableBytes {
  readonly length: number;
  /** The bytes from `start` on, before `end`. */
  subarray(start: number, end: number): Uint8Array | ReadableBytes;
  /** All of them. */
  slice(): Uint8Array<ArrayBuffer>;
}

/** A Blob that counts what is read of it, itself and by its slices. */
export class CountedBlob extends Blob {
  #bytesRead = 0;
  readonly #bytes: ReadableBytes;
  readonly #whole: CountedBlob | undefined;

  constructor(bytes: ReadableBytes, whole?: CountedBlob) {
    super([]);
    this.#bytes = bytes;
    this.#whole = whole;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  override get size(): number {
    return this.#bytes.length;
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const counted = this.#whole ?? this;
    counted.#bytesRead += this.size;
    return this.#bytes.slice().buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override slice(start = 0, end = this.size): Blob {
    const part = this.#bytes.subarray(start, Math.min(end, this.size)) as ReadableBytes;
    return new CountedBlob(part, this.#whole ?? this);
  }
}
