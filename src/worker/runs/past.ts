import type { EventOf } from '../../protocol/messages.ts';
import type { Emit } from '../progress.ts';

/** Steps of one event: the page takes no notice of the work, and a run of ten thousand steps is twenty events. */
const STEPS = 500;

/** Tells the page the steps of a stored run, many at a time, and of which of them there are answers to be asked for. */
export class Past {
  readonly #tell: Emit;
  #steps: EventOf<'past'>['steps'] = [];

  constructor(tell: Emit) {
    this.#tell = tell;
  }

  add({ type: _, ...step }: EventOf<'step'>): void {
    this.#steps.push(step);
    if (this.#steps.length === STEPS) this.end();
  }

  end(answered: number[] = []): void {
    if (this.#steps.length > 0 || answered.length > 0)
      this.#tell({ type: 'past', steps: this.#steps, answered });
    this.#steps = [];
  }
}
