import { InputError } from '../math/errors.ts';
import type { Config } from '../protocol/config.ts';
import type { LeftWeights } from '../rl/policy/start-weights.ts';
import type { OpenModel } from './inputs/model.ts';
import { type LeavingRun, takeAlong, weightsToLeave } from './left-weights.ts';
import type { TakenRun } from './runs/run-store.ts';

/** Hands the weights of the latest run over to the next one. `run` is always the one on the device, if any. */
export class Handover {
  /** What was taken off the device, so that its run could be let go of. */
  #left?: LeftWeights;

  /** The model as a run with these settings takes it up. @throws InputError when there is nothing to begin from */
  async modelFor(
    model: OpenModel,
    { startFrom }: Config,
    run: LeavingRun | undefined,
    taken?: TakenRun,
  ): Promise<OpenModel> {
    if (taken) {
      // What a stored run began from is its own: an adapter that is open beside the model now says nothing.
      const { left: _opened, ...published } = model;
      this.#left = taken.left;
      return withLeft(published, taken.left);
    }
    if (startFrom === 'published') this.#left = undefined;
    else await this.keep(run);
    if (startFrom === 'published' || this.#left) return withLeft(model, this.#left);
    throw new InputError('There is no run whose weights this one could begin from.', {
      hint: 'Train a run first, or resume a stored one; else choose "published" under "Begin from".',
    });
  }

  /** The same for planning: nothing is taken off the device, and without a run the model is as published. */
  planned(model: OpenModel, { startFrom }: Config, run: LeavingRun | undefined): OpenModel {
    if (startFrom === 'published') return model;
    return withLeft(model, run ? weightsToLeave(run) : this.#left);
  }

  /** Keeps what `run` leaves; it may be closed then. */
  async keep(run: LeavingRun | undefined): Promise<void> {
    if (run) this.#left = await takeAlong(weightsToLeave(run));
  }

  /** What was left belongs to no model any more. */
  forget(): void {
    this.#left = undefined;
  }
}

function withLeft(model: OpenModel, left: LeftWeights | undefined): OpenModel {
  return left ? { ...model, left } : model;
}
