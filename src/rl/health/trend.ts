/** A number of each step: its mean over the first steps, at best, and over the newest ones. */
import { mean } from '../../math/stats.ts';
import { Recent } from './health-look.ts';

/** Steps that are averaged on either side. */
export const TREND_STEPS = 10;
/** A change of fewer standard errors than this is none. */
const CHANGE_ERRORS = 3;

export class Trend {
  readonly #first: number[] = [];
  readonly #recent = new Recent(TREND_STEPS);
  #best = Number.NEGATIVE_INFINITY;
  #squares = 0;
  #jumps = 0;
  #last?: number;

  /** Values that are absent or not finite are left out. */
  push(value: number | undefined): void {
    if (value === undefined || !Number.isFinite(value)) return;
    // By successive differences, which a trend hardly touches.
    if (this.#last !== undefined) {
      this.#squares += (value - this.#last) ** 2 / 2;
      this.#jumps++;
    }
    this.#last = value;
    const leaving = this.#recent.push(value);
    if (leaving !== undefined && this.#first.length < TREND_STEPS) this.#first.push(leaving);
    if (this.#recent.isFull) this.#best = Math.max(this.#best, this.#recent.mean);
  }

  /** Whether the first and the newest steps are different ones. */
  get isReady(): boolean {
    return this.#first.length === TREND_STEPS;
  }

  get from(): number {
    return mean(this.#first);
  }

  /** The greatest mean over as many steps in a row. */
  get best(): number {
    return this.#best;
  }

  get to(): number {
    return this.#recent.mean;
  }

  /** Whether a difference of two such means is more than the values differ by chance. */
  isSure(difference: number): boolean {
    const variance = this.#squares / Math.max(1, this.#jumps);
    return Math.abs(difference) > CHANGE_ERRORS * Math.sqrt((2 * variance) / TREND_STEPS);
  }
}
