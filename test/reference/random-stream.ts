/** Whole numbers from a seed, for random test programs (xorshift32). */
export class RandomStream {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** A number in [0, limit). */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state % limit;
  }
}
