import type { DownloadReport } from '../../io/hub/hub-model.ts';
import type { HubRepo } from '../../io/hub/hub-repo.ts';
import { repoKey } from '../../io/hub/opfs-models.ts';
import type { DownloadStatus } from '../../protocol/messages.ts';
import { type Emit, paced } from '../progress.ts';

type Progress = Pick<DownloadStatus, 'phase' | 'file' | 'done' | 'total'>;

/** Tells the page how far a download is: each change of file or phase at once, bytes ten times a second. */
export class DownloadReporter implements DownloadReport {
  readonly #emit: Emit;
  readonly #requestId: number;
  readonly #source: HubRepo;
  readonly #isTime = paced();
  #last: Progress = { phase: 'listing', file: '', done: 0, total: 0 };
  #note: string | undefined;
  readonly #kept: string[] = [];

  constructor(emit: Emit, requestId: number, source: HubRepo) {
    this.#emit = emit;
    this.#requestId = requestId;
    this.#source = source;
  }

  progress(progress: Progress): void {
    const { phase, file } = this.#last;
    this.#last = progress;
    if (file !== progress.file) this.#note = undefined;
    if (this.#isTime() || phase !== progress.phase || file !== progress.file)
      this.#send(progress, this.#note);
  }

  /** Shown with what follows about the same file. */
  note(text: string): void {
    this.#note = text;
  }

  /** Shown with all that follows. */
  keep(text: string): void {
    this.#kept.push(text);
  }

  waiting(reason: string, seconds: number): void {
    const wait = Math.max(1, Math.round(seconds));
    this.#last = { ...this.#last, phase: 'waiting' };
    this.#send(this.#last, `${reason} Trying again in ${wait} s.`);
  }

  end(phase: 'complete' | 'stopped'): void {
    this.#send({ ...this.#last, phase }, undefined);
  }

  #send(progress: Progress, note: string | undefined): void {
    const source = this.#source;
    const said = [...this.#kept, ...(note === undefined ? [] : [note])].join(' ');
    const status = { key: repoKey(source), source, ...progress, ...(said === '' ? {} : { note: said }) };
    this.#emit({ type: 'download', requestId: this.#requestId, status });
  }
}
