/** The named parts GPU memory is accounted under. */
export type MemoryPart =
  | 'weights'
  | 'trainable'
  | 'gradients'
  | 'optimizer'
  | 'activations'
  | 'cache'
  | 'inputs'
  | 'staging';

/** Counts the bytes of every live GPU buffer, by part. */
export class MemoryLedger {
  readonly #bytes = new Map<MemoryPart, number>();
  #total = 0;
  #peak = 0;

  add(part: MemoryPart, bytes: number): void {
    this.#bytes.set(part, (this.#bytes.get(part) ?? 0) + bytes);
    this.#total += bytes;
    this.#peak = Math.max(this.#peak, this.#total);
  }

  remove(part: MemoryPart, bytes: number): void {
    this.#bytes.set(part, (this.#bytes.get(part) ?? 0) - bytes);
    this.#total -= bytes;
  }

  /** Bytes alive now. */
  get total(): number {
    return this.#total;
  }

  /** The largest total so far, in bytes. */
  get peak(): number {
    return this.#peak;
  }

  /** Bytes alive now, by part; parts that hold nothing are left out. */
  parts(): Partial<Record<MemoryPart, number>> {
    return Object.fromEntries([...this.#bytes].filter(([, bytes]) => bytes > 0));
  }
}
