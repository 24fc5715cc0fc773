import type { AnswerOf, CommandOf } from '../protocol/messages.ts';
import type { OnDevice } from './gpu/on-device.ts';
import { type Emit, progressOf } from './progress.ts';
import { archived } from './runs/run-archive.ts';
import type { RunShelf } from './runs/shelf.ts';

/** What a person does with the runs that are kept, beside going on with one. */
export class KeptRuns {
  readonly #shelf: RunShelf;
  readonly #emit: Emit;
  readonly #device: Pick<OnDevice, 'archive' | 'recorder'>;

  constructor(shelf: RunShelf, device: Pick<OnDevice, 'archive' | 'recorder'>, emit: Emit) {
    this.#emit = emit;
    this.#shelf = shelf;
    this.#device = device;
  }

  /** Tells the page which runs are kept on this device. */
  list(): Promise<void> {
    return this.#shelf.list();
  }

  async about({ runId, change }: CommandOf<'aboutRun'>): Promise<AnswerOf<'aboutRun'>> {
    const about = await this.#shelf.about(runId, change);
    const { recorder } = this.#device;
    if (change && recorder?.description.id === runId) recorder.named(about.name);
    return { runId, about };
  }

  delete({ runId }: CommandOf<'deleteRun'>): Promise<void> {
    return this.#shelf.delete(runId);
  }

  /** A run out of an archive is kept here from now on. @throws InputError naming what is not as it was saved */
  async import({ requestId, file, fileName }: CommandOf<'importRun'>): Promise<AnswerOf<'importRun'>> {
    const report = progressOf(this.#emit, 'Reading the run', 'bytes', requestId);
    const { id, name, config } = await this.#shelf.import(fileName, file, report);
    const programs = config.rewardSources.filter((source) => config.rewards.includes(source.name));
    if (programs.length > 0) {
      const message = `The run ${name} brings programs of its own as rewards: ${programs.map((each) => each.name).join(', ')}.`;
      this.#emit({ type: 'note', message, hint: 'They run in the sandbox once the run goes on.' });
    }
    return { runId: id, name };
  }

  async saveFiles({ requestId, runId }: CommandOf<'saveRunFiles'>): Promise<void> {
    const files = archived(runId, await this.#shelf.files(runId));
    await this.#device.archive(files, `${runId}-files.zip`, requestId);
  }
}
