/** Steps between two tries at a checkpoint that the device refused: at first, and at most. */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 4;

/** When checkpoints are due: every few steps, at once when demanded, and again after one that the device refused. */
export class CheckpointSchedule {
  /** Steps from one to the next; 0 for none that are not demanded. */
  readonly #every: number;
  /** One is due whatever the step: of the best weights so far, or because what was saved is gone. */
  #isDemanded = false;
  /** The step from which a refused one is tried again; undefined when none was refused. */
  #retryAt?: number;
  #wait = FIRST_WAIT;

  constructor(every: number) {
    this.#every = every;
  }

  demand(): void {
    this.#isDemanded = true;
  }

  isDue(step: number): boolean {
    const again = this.#retryAt !== undefined && step >= this.#retryAt;
    return this.#isDemanded || again || (this.#every > 0 && step % this.#every === 0);
  }

  /** Whether one that was refused is still to be tried again. */
  get isBehind(): boolean {
    return this.#retryAt !== undefined;
  }

  written(): void {
    this.#isDemanded = false;
    this.#retryAt = undefined;
    this.#wait = FIRST_WAIT;
  }

  /** The longer the device refuses, the longer it is let be. */
  refused(step: number): void {
    this.#isDemanded = false;
    this.#retryAt = step + this.#wait;
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
  }

  /** One is tried again from this step on, if not before. */
  retryFrom(step: number): void {
    this.#retryAt = Math.min(this.#retryAt ?? step, step);
  }
}
