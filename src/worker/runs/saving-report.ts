import { isFull } from '../../io/files/room.ts';
import { describeError } from '../../math/errors.ts';
import type { KeptWeights } from '../../protocol/messages.ts';
import type { Emit } from '../progress.ts';

const FREE_SPACE =
  'Training goes on, and saving is tried again. Delete stored runs on the Runs screen, or free space on this device.';
const WRITTEN_AGAIN = 'Training goes on, and everything that it takes to go on from here is written again.';

/** Tells the page what of a run is saved and what is not, each thing once. */
export class SavingReport {
  readonly #emit: Emit;
  /** What the page was told last that is not saved. */
  #trouble?: string;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  saved({ id, name }: Omit<KeptWeights, 'step'>, step: number): void {
    this.#trouble = undefined;
    this.#emit({ type: 'saved', runId: id, name, step });
  }

  /** Something could not be written. */
  refused(what: string, error: unknown): void {
    this.#tell(`${what}: ${inWords(error)}`, FREE_SPACE);
  }

  /** Something that was written is gone. */
  lost(what: string): void {
    this.#tell(what, WRITTEN_AGAIN, { lost: true });
  }

  /** What was not saved is saved now. */
  takeBack(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#emit({ type: 'unsaved' });
  }

  #tell(message: string, hint: string, lost: { lost?: true } = {}): void {
    if (message === this.#trouble) return;
    this.#trouble = message;
    this.#emit({ type: 'unsaved', trouble: { message, hint }, ...lost });
  }
}

function inWords(error: unknown): string {
  return isFull(error) ? 'this browser has no room left for it.' : describeError(error);
}
