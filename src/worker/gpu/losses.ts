import { InputError } from '../../math/errors.ts';
import type { EventOf } from '../../protocol/messages.ts';
import { GpuLost } from './held-gpu.ts';

/** Losses that are too many without getting any further. */
const MOST = 3;

/** Repeats work that a lost device interrupted, until that happens too often without progress. */
export class Losses {
  readonly #what: string;
  readonly #step: () => number;
  #count = 0;
  #furthest = -1;

  /** `what` the work is, for people: "the run"; `step` tells where it stands. */
  constructor(what: string, step: () => number) {
    this.#what = what;
    this.#step = step;
  }

  /**
   * Does work, and once more after every loss. `onLoss` may refuse that by throwing.
   * @throws InputError when the device was lost too often since the last step that was new
   */
  async survive<T>(work: () => Promise<T>, onLoss: (loss: GpuLost) => void): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof GpuLost)) throw error;
        onLoss(error);
        this.#meet(error, this.#step());
      }
    }
  }

  #meet({ reason }: GpuLost, step: number): void {
    this.#count = step > this.#furthest ? 1 : this.#count + 1;
    this.#furthest = Math.max(this.#furthest, step);
    if (this.#count < MOST) return;
    throw new InputError(
      `The GPU was lost ${MOST} times at step ${this.#furthest}, and ${this.#what} came no further (${reason}).`,
      {
        hint: 'Close other programs that use the GPU; try fewer clips per step or shorter answers.',
      },
    );
  }
}

/** Says what a loss cost. */
export function comeBack(lostAt: number, step: number, reason = 'no reason given'): EventOf<'note'> {
  const message = `The GPU was lost at step ${lostAt} (${reason}).`;
  const hint =
    step > 0 ? `On a new one the run goes on from step ${step}.` : 'On a new one the run begins again.';
  return { type: 'note', message, hint };
}
