import { formatBytes, formatDuration } from '../math/format.ts';

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
  #what = '';
  #began = 0;
  #said = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  take({ what, done, total, unit }: Progress): void {
    const now = performance.now() / 1000;
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
