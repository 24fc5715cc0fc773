/** A Blob that counts what is read of it, itself and by its slices. */
export class CountedBlob extends Blob {
  bytesRead = 0;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super([]);
    this.#bytes = bytes;
  }

  override get size(): number {
    return this.#bytes.length;
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    this.bytesRead += this.size;
    return this.#bytes.slice().buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override slice(start = 0, end = this.size): Blob {
    const part = new CountedBlob(this.#bytes.subarray(start, end) as Uint8Array<ArrayBuffer>);
    const count = (bytes: number) => {
      this.bytesRead += bytes;
    };
    Object.defineProperty(part, 'bytesRead', { get: () => 0, set: count });
    return part;
  }
}
