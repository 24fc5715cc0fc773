/** How sure WAR and UAR are, and their change between two sets of predictions for the same clips. */
import { type BootstrapOptions, bootstrapIntervals, type Interval } from './bootstrap.ts';

/** WAR and UAR over the clips `rows`; UAR is the mean over the labels that occur among them. */
type Recalls = (rows: Uint32Array) => [war: number, uar: number];

function recallsOf(truth: readonly string[], predictions: readonly (string | null)[]): Recalls {
  const labels = [...new Set(truth)];
  const labelOf = Uint32Array.from(truth, (label) => labels.indexOf(label));
  const right = Uint8Array.from(truth, (label, i) => Number(predictions[i] === label));
  const counts = new Float64Array(labels.length);
  const correct = new Float64Array(labels.length);
  return (rows) => {
    counts.fill(0);
    correct.fill(0);
    for (const row of rows) {
      counts[labelOf[row]!]! += 1;
      correct[labelOf[row]!]! += right[row]!;
    }
    return averageRecalls(counts, correct);
  };
}

function averageRecalls(counts: Float64Array, correct: Float64Array): [war: number, uar: number] {
  let [n, rights, recalls, present] = [0, 0, 0, 0];
  for (let c = 0; c < counts.length; c++) {
    if (counts[c] === 0) continue;
    n += counts[c]!;
    rights += correct[c]!;
    recalls += correct[c]! / counts[c]!;
    present += 1;
  }
  return [rights / n, recalls / present];
}

/**
 * Null where the clips do not tell how sure a score is: they all say the same, so that resampling them tells of nothing
 * but which of them were drawn.
 */
export type Estimate = Interval | null;

/**
 * Whether resampling clips tells anything: of WAR, when not all of them contribute the same; of UAR, when some label's
 * clips do not.
 */
function tellsApart(
  truth: readonly string[],
  contributions: readonly number[],
): { war: boolean; uar: boolean } {
  const byLabel = new Map<string, number>();
  let uar = false;
  for (const [i, label] of truth.entries()) {
    const first = byLabel.get(label);
    if (first === undefined) byLabel.set(label, contributions[i]!);
    else if (first !== contributions[i]) uar = true;
  }
  return { war: contributions.some((each) => each !== contributions[0]), uar };
}

/** Bootstrap intervals of WAR and UAR over the clips. */
export function recallIntervals(
  truth: readonly string[],
  predictions: readonly (string | null)[],
  options: BootstrapOptions,
): { war: Estimate; uar: Estimate } {
  const [war, uar] = bootstrapIntervals(truth.length, recallsOf(truth, predictions), options);
  const told = tellsApart(
    truth,
    truth.map((label, i) => Number(predictions[i] === label)),
  );
  return { war: told.war ? war! : null, uar: told.uar ? uar! : null };
}

export interface Change {
  /** After minus before. */
  readonly change: number;
  readonly interval: Estimate;
}

export interface PairedComparison {
  readonly war: Change;
  readonly uar: Change;
  /** Clips wrong before and right after, and the other way round, by their place. */
  readonly fixed: readonly number[];
  readonly broken: readonly number[];
  /** Clips whose prediction changed, right or wrong. */
  readonly changed: readonly number[];
}

/**
 * Two sets of predictions for the same clips. The interval is that of the difference: both sets are scored on the same
 * resampled clips, so what makes a clip easy or hard for both cancels out.
 */
export function pairedComparison(
  truth: readonly string[],
  before: readonly (string | null)[],
  after: readonly (string | null)[],
  options: BootstrapOptions,
): PairedComparison {
  const [recallsBefore, recallsAfter] = [recallsOf(truth, before), recallsOf(truth, after)];
  const changes = (rows: Uint32Array): [war: number, uar: number] => {
    const [earlier, later] = [recallsBefore(rows), recallsAfter(rows)];
    return [later[0] - earlier[0], later[1] - earlier[1]];
  };
  const places = truth.map((_, i) => i);
  const [war, uar] = changes(Uint32Array.from(places));
  const [warInterval, uarInterval] = bootstrapIntervals(truth.length, changes, options);
  const isRight = (predictions: readonly (string | null)[], i: number) => predictions[i] === truth[i];
  const told = tellsApart(
    truth,
    places.map((i) => Number(isRight(after, i)) - Number(isRight(before, i))),
  );
  return {
    war: { change: war, interval: told.war ? warInterval! : null },
    uar: { change: uar, interval: told.uar ? uarInterval! : null },
    fixed: places.filter((i) => !isRight(before, i) && isRight(after, i)),
    broken: places.filter((i) => isRight(before, i) && !isRight(after, i)),
    changed: places.filter((i) => before[i] !== after[i]),
  };
}
