import type { FileToWrite } from '../../io/writing/file-to-write.ts';
import { InputError } from '../../math/errors.ts';
import type { Config } from '../../protocol/config.ts';
import type { AnswerOf, CheckpointChoice, StoredRun } from '../../protocol/messages.ts';
import type { RunAbout } from '../../protocol/run-about.ts';
import type { Emit, Report } from '../progress.ts';
import type { Run } from '../run.ts';
import { chosenStep } from './listing.ts';
import { holdRun, isHeld, lookThrough } from './lock.ts';
import { Recorder } from './recorder.ts';
import type { Adapter, RunDescription } from './records.ts';
import { openArchive } from './run-archive.ts';
import { toldMetrics } from './run-metrics.ts';
import { type Described, noSuchRun, type RunStore, type TakenRun } from './run-store.ts';
import type { KeptAnswer } from './token-log.ts';

/** The stored runs as a session deals with them: tells the page what there is, and takes runs off and puts them on. */
export class RunShelf {
  readonly #store: RunStore | undefined;
  readonly #emit: Emit;
  readonly #adapter: () => Adapter;

  /** `store` is absent where the browser lets a page keep nothing: runs go on then, but nothing of them is kept. */
  constructor(store: RunStore | undefined, emit: Emit, adapter: () => Adapter) {
    this.#store = store;
    this.#emit = emit;
    this.#adapter = adapter;
  }

  /** Tells the page which runs are kept and at rest. */
  async list(): Promise<void> {
    if (!this.#store) return;
    this.#emit({ type: 'runs', ...(await this.#store.list(lookThrough, this.#adapter())) });
  }

  /** What a stored run is. @throws InputError when there is no such run, or it is at work */
  async describe(runId: string): Promise<Described> {
    const described = await this.#demand().describe(runId);
    if (await isHeld(runId)) throw atWork(described.description.name);
    return described;
  }

  /**
   * The checkpoint that is asked for, or else the newest sound one, and the run as the page shows it. The person is told what
   * was found damaged and made good. @throws InputError
   */
  async take(
    described: Described,
    choice?: CheckpointChoice,
  ): Promise<{ taken: TakenRun; shown: StoredRun }> {
    const { description } = described;
    const { id } = description;
    const store = this.#demand();
    const step = choice === undefined ? undefined : await this.#stepOf(described, choice);
    const newest = step === undefined ? undefined : await store.newestStep(id);
    const isOlder = step !== undefined && step !== newest;
    const checkpoint = isOlder ? await store.open(id, step) : await store.newest(id);
    const summary = await store.summary(described, this.#adapter());
    const shown = { ...summary, step: checkpoint.state.step, savedAt: checkpoint.state.savedAt };
    const notes = [...described.notes, ...checkpoint.notes];
    const hint = 'Nothing of the run is lost by that.';
    if (notes.length > 0) this.#emit({ type: 'note', message: notes.join(' '), hint });
    const left = await store.openStart(description);
    return { taken: { description, checkpoint, isOlder, ...(left ? { left } : {}) }, shown };
  }

  async #stepOf(described: Described, choice: CheckpointChoice): Promise<number> {
    if (typeof choice === 'number') return choice;
    return chosenStep(await this.#demand().summary(described, this.#adapter()), choice);
  }

  /** What is written down about a run, one at work included; `change` is written first. @throws InputError */
  async about(runId: string, change?: RunAbout): Promise<RunAbout> {
    const store = this.#demand();
    if (change) {
      await store.annotate(runId, change);
      await this.list();
    }
    const { description, about } = await store.describe(runId);
    return { name: description.name, ...about };
  }

  /** Keeps a run out of an archive. @throws InputError where it is here already, or not as it was saved: nothing of it stays then */
  async import(fileName: string, file: Blob, report: Report): Promise<RunDescription> {
    const store = this.#demand();
    const archive = await openArchive(fileName, file);
    const release = await holdRun(archive.id);
    if (!release) throw atWork(archive.id);
    try {
      return await store.unpack(archive, this.#adapter(), report);
    } finally {
      await release();
      await this.list();
    }
  }

  /** Deletes a run, a damaged one, too. @throws InputError when a tab is at work on it */
  async delete(runId: string): Promise<void> {
    const store = this.#demand();
    const isDone = await lookThrough(runId, async () => {
      if (!(await store.has(runId))) throw noSuchRun(runId);
      await store.remove(runId);
      return true;
    });
    if (!isDone) throw atWork(runId);
    await this.list();
  }

  /** Every file of a run, as it lies there. @throws InputError when a tab is at work on it, or there is none */
  async files(runId: string): Promise<FileToWrite[]> {
    const store = this.#demand();
    const files = await lookThrough(runId, () => store.files(runId));
    if (!files) throw atWork(runId);
    if (files.length > 0) return files;
    throw noSuchRun(runId);
  }

  /** What is kept of an answer's tokens, and the run's settings. @throws InputError when a tab is at work on it, or there is none */
  async tokens(runId: string, step: number, answer: number): Promise<{ kept: KeptAnswer; config: Config }> {
    const store = this.#demand();
    const found = await lookThrough(runId, async () => {
      const { description } = await store.describe(runId);
      return { kept: await store.tokens(runId, step, answer), config: description.config };
    });
    if (!found) throw atWork(runId);
    return found;
  }

  /** The metrics of a stored run; it waits for no step. @throws InputError when a tab is at work on it, or there is none */
  async metrics(runId: string): Promise<AnswerOf<'runMetrics'>> {
    const store = this.#demand();
    const found = await lookThrough(runId, async () => {
      const { description } = await store.describe(runId);
      return toldMetrics(description, await store.steps(runId));
    });
    if (!found) throw atWork(runId);
    return found;
  }

  /** Keeps a run from here on, a new one or one that was taken; undefined where nothing can be kept. */
  async record(run: Run, demo: boolean, taken?: TakenRun): Promise<Recorder | undefined> {
    if (!this.#store) return undefined;
    return taken && !taken.fork?.anew
      ? Recorder.resume(this.#store, this.#emit, run, taken)
      : Recorder.begin(this.#store, this.#emit, run, demo, taken);
  }

  #demand(): RunStore {
    if (this.#store) return this.#store;
    throw new InputError('This browser keeps no files for this page.', {
      hint: 'Leave private browsing, or allow the page to store data.',
    });
  }
}

function atWork(name: string): InputError {
  return new InputError(`The run ${name} is at work, here or in another tab.`, {
    hint: 'Stop it there first, or close that tab.',
  });
}
