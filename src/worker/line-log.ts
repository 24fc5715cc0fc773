/** Lines of JSON that grow with a run. They are kept in blobs, which the browser holds outside of the heap. */
export class LineLog {
  #parts: Blob[] = [];

  /** Appends each value as one line; numbers that JSON cannot write become null. */
  append(...values: readonly unknown[]): void {
    const text = values.map((value) => `${JSON.stringify(value)}\n`).join('');
    this.#parts.push(new Blob([text]));
    if (this.#parts.length > 64) this.#parts = [new Blob(this.#parts)];
  }

  blob(): Blob {
    return new Blob(this.#parts, { type: 'application/jsonl' });
  }
}
