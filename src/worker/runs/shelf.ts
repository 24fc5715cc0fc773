import { InputError } from '../../math/errors.ts';
import type { StoredRun } from '../../protocol/messages.ts';
import type { LeftWeights } from '../../rl/start-weights.ts';
import type { Emit } from '../progress.ts';
import type { Run } from '../run.ts';
import { heldRuns } from './lock.ts';
import { Recorder } from './recorder.ts';
import type { Adapter, RunDescription } from './records.ts';
import { type OpenedCheckpoint, type RunStore, summarise } from './run-store.ts';

/** A run on this device, with the checkpoint to go on from. */
export interface TakenRun {
  readonly description: RunDescription;
  readonly checkpoint: OpenedCheckpoint;
  /** What it began from, where that is another run's weights, or a model with an adapter. */
  readonly left?: LeftWeights;
}

/** The stored runs as a session deals with them: tells the page what there is, and takes runs off and puts them on. */
export class RunShelf {
  readonly #store: RunStore | undefined;
  readonly #emit: Emit;
  readonly #adapter: Adapter;

  /** `store` is absent where the browser lets a page keep nothing: runs go on then, but nothing of them is kept. */
  constructor(store: RunStore | undefined, emit: Emit, adapter: Adapter) {
    this.#store = store;
    this.#emit = emit;
    this.#adapter = adapter;
  }

  /** Tells the page which runs are kept and at rest. */
  async list(): Promise<void> {
    if (!this.#store) return;
    this.#emit({ type: 'runs', runs: await this.#store.list(heldRuns, this.#adapter) });
  }

  /** What a stored run is. @throws InputError when there is no such run, or it is at work */
  async describe(runId: string): Promise<RunDescription> {
    const description = await this.#demand().describe(runId);
    if (!(await heldRuns()).has(runId)) return description;
    throw new InputError(`The run ${description.name} is at work, here or in another tab.`, {
      hint: 'Stop it there first, or close that tab.',
    });
  }

  /** Its newest sound checkpoint, and the run as the page shows it. @throws InputError */
  async take(description: RunDescription): Promise<{ taken: TakenRun; shown: StoredRun }> {
    const checkpoint = await this.#demand().newest(description.id);
    const shown = summarise(description, checkpoint, this.#adapter);
    const { id, config } = description;
    const left =
      config.startFrom === 'published'
        ? await this.#demand().openStartIfKept(id)
        : await this.#demand().openStart(id);
    return { taken: { description, checkpoint, ...(left ? { left } : {}) }, shown };
  }

  async delete(runId: string): Promise<void> {
    await this.describe(runId);
    await this.#demand().remove(runId);
    await this.list();
  }

  /** Keeps a run from here on, a new one or one that was taken; undefined where nothing can be kept. */
  async record(run: Run, demo: boolean, taken?: TakenRun): Promise<Recorder | undefined> {
    if (!this.#store) return undefined;
    return taken
      ? Recorder.resume(this.#store, this.#emit, run, taken)
      : Recorder.begin(this.#store, this.#emit, run, demo);
  }

  #demand(): RunStore {
    if (this.#store) return this.#store;
    throw new InputError('This browser keeps no files for this page.', {
      hint: 'Leave private browsing, or allow the page to store data.',
    });
  }
}
