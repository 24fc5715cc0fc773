/** Which completion each decoding row works on: a row that is done takes the next one that waits (continuous batching). */

/** One completion of a prompt. */
export interface Task {
  readonly prompt: number;
  /** Which of the prompt's completions. */
  readonly index: number;
}

/** A row that begins a completion, and the place in the cache where its prompt lies. */
export interface RowStart extends Task {
  readonly row: number;
  readonly place: number;
}

export interface ScheduleShape {
  readonly prompts: number;
  /** Completions of each prompt. */
  readonly groupSize: number;
  /** Rows that decode together. */
  readonly rows: number;
  /** Prompts that the cache has room for. */
  readonly places: number;
}

/**
 * Deals completions out in order. A prompt is put into a place of the cache when its first completion begins, and leaves
 * it when the last one is done.
 */
export class RowSchedule {
  readonly #shape: ScheduleShape;
  readonly #freeRows: number[];
  readonly #freePlaces: number[];
  readonly #placeOf = new Map<number, number>();
  /** Completions of each prompt that are not done. */
  readonly #left: number[];
  readonly #running = new Map<number, Task>();
  /** Completions dealt out so far. */
  #dealt = 0;

  constructor(shape: ScheduleShape) {
    const countDown = (count: number): number[] => Array.from({ length: count }, (_, i) => count - 1 - i);
    this.#shape = shape;
    this.#freeRows = countDown(shape.rows);
    this.#freePlaces = countDown(shape.places);
    this.#left = Array<number>(shape.prompts).fill(shape.groupSize);
  }

  /** Rows at work, with what they work on. */
  get running(): ReadonlyMap<number, Task> {
    return this.#running;
  }

  /** Whether completions wait for a row. */
  get waits(): boolean {
    return this.#dealt < this.#shape.prompts * this.#shape.groupSize;
  }

  /** Gives free rows their next completions; `enters` names prompts that must be put into their place first. */
  deal(): { enters: { prompt: number; place: number }[]; starts: RowStart[] } {
    const enters: { prompt: number; place: number }[] = [];
    const starts: RowStart[] = [];
    while (this.waits && this.#freeRows.length > 0) {
      const task = this.#next();
      const place = this.#placeOf.get(task.prompt) ?? this.#freePlaces.pop();
      if (place === undefined) break;
      if (!this.#placeOf.has(task.prompt)) enters.push({ prompt: task.prompt, place });
      this.#placeOf.set(task.prompt, place);
      const row = this.#freeRows.pop()!;
      this.#running.set(row, task);
      this.#dealt++;
      starts.push({ ...task, row, place });
    }
    return { enters, starts };
  }

  #next(): Task {
    const { groupSize } = this.#shape;
    return { prompt: Math.floor(this.#dealt / groupSize), index: this.#dealt % groupSize };
  }

  /** Takes a row off its completion. Returns whether it was the prompt's last. */
  finish(row: number): boolean {
    const task = this.#running.get(row);
    if (!task) throw new Error(`RowSchedule: row ${row} has nothing to finish.`);
    this.#running.delete(row);
    this.#freeRows.push(row);
    this.#left[task.prompt]!--;
    const isLast = this.#left[task.prompt] === 0;
    if (isLast) {
      this.#freePlaces.push(this.#placeOf.get(task.prompt)!);
      this.#placeOf.delete(task.prompt);
    }
    return isLast;
  }
}
