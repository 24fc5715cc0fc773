/** How a stored run is taken up: found, checked against what is open, and told to the page before its first step. */
import { InputError } from '../math/errors.ts';
import { type Config, parseConfig } from '../protocol/config.ts';
import type { CommandOf, StoredRun } from '../protocol/messages.ts';
import type { Inputs } from './inputs/inputs.ts';
import type { Emit } from './progress.ts';
import { configAt } from './runs/changes.ts';
import { forkOf } from './runs/fork.ts';
import { checkSameInputs } from './runs/identity.ts';
import type { Described, TakenRun } from './runs/run-store.ts';
import type { RunShelf } from './runs/shelf.ts';
import type { Wish } from './training.ts';

/** What a run begins with. */
export interface TakenUp {
  readonly config: Config;
  readonly wish: Wish;
  readonly taken: TakenRun;
}

export class TakingUp {
  readonly #shelf: RunShelf;
  readonly #inputs: Inputs;
  readonly #emit: Emit;

  constructor(shelf: RunShelf, inputs: Inputs, emit: Emit) {
    this.#shelf = shelf;
    this.#inputs = inputs;
    this.#emit = emit;
  }

  /** As it is kept. @throws InputError */
  async resume({ requestId, runId, step, rest }: CommandOf<'resumeRun'>): Promise<TakenUp> {
    const described = await this.#find(requestId, runId);
    const { description } = described;
    this.#inputs.rewardModels.demandAll(description.config);
    const { taken, shown } = await this.#shelf.take(described, step);
    const config = configAt(description, taken.checkpoint.state.step);
    return this.#told(requestId, shown, { config, wish: rest ? 'pause' : 'go on', taken });
  }

  /** With its end put off. @throws InputError where it has taken as many steps */
  async prolong({ requestId, runId, steps, schedule }: CommandOf<'prolongRun'>): Promise<TakenUp> {
    const described = await this.#find(requestId, runId);
    const { description } = described;
    const { config: was, prolonged = [] } = description;
    this.#inputs.rewardModels.demandAll(was);
    const { taken, shown } = await this.#shelf.take(described);
    const { step } = taken.checkpoint.state;
    demandLater(description.name, step, steps);
    const later = { step, was: { steps: was.steps, schedule: was.schedule } };
    const ends = parseConfig({ ...was, steps, schedule });
    const changed = { ...description, config: ends, prolonged: [...prolonged, later] };
    const config = configAt(changed, step);
    return this.#told(
      requestId,
      { ...shown, steps, config },
      { config, wish: 'go on', taken: { ...taken, description: changed, isProlonged: true } },
    );
  }

  /** As a run of its own from one of its checkpoints. @throws InputError where no step would be left to take */
  async fork({ requestId, runId, step, config, optimizer }: CommandOf<'forkRun'>): Promise<TakenUp> {
    const described = await this.#find(requestId, runId);
    const { description } = described;
    const fork = forkOf(description.config, config, optimizer);
    this.#inputs.rewardModels.demandAll(fork.config);
    if (!fork.anew) demandLater(description.name, step, config.steps);
    const { taken, shown } = await this.#shelf.take(described, step);
    const { id, name } = fork.own;
    const told = { ...shown, id, name, config: fork.config, steps: config.steps };
    return this.#told(requestId, told, { config: fork.config, wish: 'go on', taken: { ...taken, fork } });
  }

  /** A stored run whose model and data are open. */
  async #find(requestId: number, runId: string): Promise<Described> {
    const described = await this.#shelf.describe(runId);
    const { description } = described;
    if (description.demo && !this.#inputs.isDemo) await this.#inputs.openDemo(requestId);
    await checkSameInputs(description, this.#inputs.demand());
    return described;
  }

  #told(requestId: number, run: StoredRun, begun: TakenUp): TakenUp {
    this.#emit({ type: 'resumed', requestId, run, config: begun.config });
    return begun;
  }
}

function demandLater(name: string, step: number, steps: number): void {
  if (steps > step) return;
  throw new InputError(`The run ${name} stands at step ${step}, and its end would be step ${steps}.`, {
    hint: `Set "Steps" (steps) above ${step}: all steps of the run count, those behind it among them.`,
  });
}
