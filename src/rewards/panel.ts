/** The rewards of a run, called side by side. Whatever one of them does, the others' scores stand, and the step goes on. */
import { type CheckedReturn, checkReturn, MOST_METRICS, RewardFailure } from './check-return.ts';
import type { LoggedValue, RewardBatch, RewardFunction, RewardReturn } from './contract.ts';

/** Something that is wrong with a reward in one batch. */
export interface RewardTrouble {
  readonly reward: string;
  /** What it is, a sentence or more. */
  readonly message: string;
  /** Whether its scores count all the same, and only something that it logged is left out. */
  readonly isScored: boolean;
  /** Whether nothing is wrong but the time that it took. */
  readonly isSlow?: true;
}

export interface BatchScores {
  /** values[completion][function]; null where a function does not apply, or failed. */
  readonly values: readonly (readonly (number | null)[])[];
  /** What functions logged by `log_metric`; by several of one name their mean. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What they logged by `log_extra`, by completion. */
  readonly extras: readonly Readonly<Record<string, LoggedValue>>[];
  readonly troubles: readonly RewardTrouble[];
  /** By function, how long it took; what runs it was ready by then. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** What came of a function's call. */
type Outcome = { readonly name: string; readonly seconds: number } & (
  | { readonly checked: CheckedReturn }
  | { readonly failure: string; readonly checked?: undefined }
);

export class RewardPanel {
  #functions: readonly RewardFunction[];
  /** Seconds that a function may take for a batch. */
  readonly #timeLimit: number;
  /** Metrics that were logged so far: a run has so many and no more. */
  readonly #metrics = new Set<string>();

  constructor(functions: readonly RewardFunction[], timeLimit: number) {
    this.#functions = functions;
    this.#timeLimit = timeLimit;
  }

  /** Where `stop` is aborted, functions that are at work are ended, and their scores are missing. */
  async score(batch: RewardBatch, stop?: AbortSignal): Promise<BatchScores> {
    const outcomes = await Promise.all(this.#functions.map((each) => this.#call(each, batch, stop)));
    const { metrics, surplus } = this.#metricsOf(outcomes);
    return {
      values: batch.completions.map((_, at) => outcomes.map(({ checked }) => checked?.values[at] ?? null)),
      metrics,
      extras: extrasOf(outcomes, batch.completions.length),
      troubles: [...outcomes.flatMap(troublesOf), ...surplus],
      seconds: Object.fromEntries(outcomes.map(({ name, seconds }) => [name, seconds])),
    };
  }

  async #call(called: RewardFunction, batch: RewardBatch, stop?: AbortSignal): Promise<Outcome> {
    const { name } = called;
    let start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    try {
      await called.ready?.();
      start = performance.now();
      const returned = await inTime(called, batch, this.#timeLimit, stop);
      return { name, seconds: seconds(), checked: checkReturn(name, batch.completions.length, returned) };
    } catch (error) {
      return { name, seconds: seconds(), failure: failureOf(name, error) };
    }
  }

  #metricsOf(outcomes: readonly Outcome[]): { metrics: Record<string, number>; surplus: RewardTrouble[] } {
    const logged = new Map<string, number[]>();
    const refused = new Map<string, string>();
    for (const { name, checked } of outcomes) {
      for (const [metric, value] of checked?.metrics ?? []) {
        if (this.#metrics.size < MOST_METRICS) this.#metrics.add(metric);
        if (this.#metrics.has(metric)) logged.set(metric, [...(logged.get(metric) ?? []), value]);
        else refused.set(name, metric);
      }
    }
    const metrics = [...logged].map(([name, values]) => [name, sum(values) / values.length]);
    const surplus = [...refused].map(([reward, metric]) => ({
      reward,
      message: `log_metric("${metric}") is left out: a run has at most ${MOST_METRICS} logged metrics.`,
      isScored: true,
    }));
    return { metrics: Object.fromEntries(metrics) as Record<string, number>, surplus };
  }

  /** Puts a function in the place of the one of its name. */
  replace(mended: RewardFunction): void {
    this.#functions = this.#functions.map((each) => {
      if (each.name !== mended.name) return each;
      each.close?.();
      return mended;
    });
  }

  [Symbol.dispose](): void {
    for (const each of this.#functions) each.close?.();
  }
}

function failureOf(name: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && error.hint ? ` ${error.hint}` : '';
  return error instanceof RewardFailure ? reason : `The reward ${name} failed: ${reason}${hint}`;
}

/** @throws what the function throws, or that its time is up */
async function inTime(
  called: RewardFunction,
  batch: RewardBatch,
  seconds: number,
  stopped?: AbortSignal,
): Promise<RewardReturn> {
  const stop = new AbortController();
  const signal = stopped ? AbortSignal.any([stop.signal, stopped]) : stop.signal;
  const scores = (async () => called.score(batch, signal))();
  if (called.untimed) return scores;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new RewardFailure(
          `The reward ${called.name} gave no scores within ${seconds} s, the rewardTimeLimit.`,
        ),
      );
      stop.abort();
    }, seconds * 1000);
  });
  // What it says when nobody waits any more is of no interest.
  scores.catch(() => undefined);
  return Promise.race([scores, late]).finally(() => clearTimeout(timer));
}

/** By completion; a column that two functions log is, of the second, named after it. */
function extrasOf(outcomes: readonly Outcome[], count: number): Record<string, LoggedValue>[] {
  const columns = new Map<string, readonly LoggedValue[]>();
  for (const { name, checked } of outcomes) {
    for (const [column, values] of checked?.extras ?? []) {
      columns.set(columns.has(column) ? `${name}/${column}` : column, values);
    }
  }
  return Array.from({ length: count }, (_, at) =>
    Object.fromEntries([...columns].map(([column, values]) => [column, values[at] ?? null])),
  );
}

function troublesOf(outcome: Outcome): RewardTrouble[] {
  const { name: reward, checked } = outcome;
  if (!checked) return [{ reward, message: outcome.failure, isScored: false }];
  const { leftOut } = checked;
  if (leftOut.length === 0) return [];
  return [{ reward, message: `Of what ${reward} logged: ${leftOut.join(' ')}`, isScored: true }];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
