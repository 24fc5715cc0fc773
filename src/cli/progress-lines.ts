import { formatBytes, formatDuration } from '../math/format.ts';
import type { EventOf } from '../protocol/messages.ts';

/** Seconds between two lines about the same piece of work. */
const INTERVAL_S = 10;

/** How far a piece of work is, as the worker tells it. */
interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/** Lines about long work for a terminal: at most one in ten seconds, and one when it is done. */
export class ProgressLines {
  readonly #say: (line: string) => void;
  #clips?: ProgressLines;
  #what = '';
  #done = 0;
  #began = 0;
  #said = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** How far work is, and beside it how many clips are ready. */
  hear(event: EventOf<'progress'> | EventOf<'clips'>): void {
    if (event.type === 'progress') {
      this.take(event);
      return;
    }
    const { ready, unreadable, total } = event;
    this.#clips ??= new ProgressLines(this.#say);
    this.#clips.take({ what: 'Clips ready', done: ready + unreadable, total, unit: 'clips' });
  }

  take({ what, done, total, unit }: Progress): void {
    const now = performance.now() / 1000;
    if (what === this.#what && done === this.#done) return;
    this.#done = done;
    if (what !== this.#what) {
      this.#what = what;
      this.#began = now;
      this.#said = now;
    }
    if (done < total && now - this.#said < INTERVAL_S) return;
    this.#said = now;
    const show = (count: number) => (unit === 'bytes' ? formatBytes(count) : String(count));
    const tail = unit === 'bytes' ? '' : ` ${unit}`;
    this.#say(`${what}: ${show(done)} of ${show(total)}${tail}, ${formatDuration(now - this.#began)}`);
  }
}
