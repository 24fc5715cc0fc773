/** Lines of JSON that grow with a run. They are kept in blobs, which the browser holds outside of the heap. */
export class LineLog {
  #parts: Blob[] = [];
  #bytes = 0;

  /** Appends each value as one line; numbers that JSON cannot write become null. */
  append(...values: readonly unknown[]): void {
    const text = values.map((value) => `${JSON.stringify(value)}\n`).join('');
    const part = new Blob([text]);
    this.#bytes += part.size;
    this.#parts.push(part);
    if (this.#parts.length > 64) this.#parts = [new Blob(this.#parts)];
  }

  /** Of all lines. */
  get bytes(): number {
    return this.#bytes;
  }

  blob(): Blob {
    return new Blob(this.#parts, { type: 'application/jsonl' });
  }
}
