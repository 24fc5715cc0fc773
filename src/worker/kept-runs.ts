import type { AnswerOf, CommandOf } from '../protocol/messages.ts';
import type { OnDevice } from './gpu/on-device.ts';
import type { RunShelf } from './runs/shelf.ts';

/** What a person does with the runs that are kept, beside going on with one. */
export class KeptRuns {
  readonly #shelf: RunShelf;
  readonly #device: Pick<OnDevice, 'archive' | 'recorder'>;

  constructor(shelf: RunShelf, device: Pick<OnDevice, 'archive' | 'recorder'>) {
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

  async saveFiles({ requestId, runId }: CommandOf<'saveRunFiles'>): Promise<void> {
    await this.#device.archive(await this.#shelf.files(runId), `${runId}-files.zip`, requestId);
  }
}
