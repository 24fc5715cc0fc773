/** Scores of predicted labels against true labels. */
import { mean, scored } from './stats.ts';

export interface Confusion {
  /** Rows (truth) and columns (prediction) of `counts`. */
  readonly labels: readonly string[];
  /** counts[truth][predicted]; predictions that are none of `labels` are not in it. */
  readonly counts: readonly (readonly number[])[];
  /** By truth: predictions that are null or none of `labels`. They are wrong and add no class to the mean recall. */
  readonly unreadable: readonly number[];
}

export interface ClassificationScores {
  readonly confusion: Confusion;
  /** All unreadable predictions. */
  readonly unreadable: number;
  readonly n: number;
  readonly correct: number;
  /** Weighted average recall, 0 … 1: Σ_c (count_c / n) · recall_c, which is the share correct. */
  readonly war: number;
  /** Unweighted average recall, 0 … 1: mean over the labels that occur in truth of correct_c / count_c. */
  readonly uar: number;
}

/**
 * WAR, UAR and the confusion matrix. `labels` are the labels one can predict; those of `truth` are always among them.
 * No pairs at all give NaN scores.
 */
export function classificationScores(
  truth: readonly string[],
  predictions: readonly (string | null)[],
  labels: readonly string[] = [],
): ClassificationScores {
  if (truth.length !== predictions.length) {
    throw new RangeError(
      `classificationScores: ${truth.length} true labels but ${predictions.length} predictions.`,
    );
  }
  const confusion = confusionOf(truth, predictions, [...new Set([...labels, ...truth])]);
  const correct = confusion.labels.reduce((total, _, c) => total + confusion.counts[c]![c]!, 0);
  return {
    confusion,
    unreadable: confusion.unreadable.reduce((total, count) => total + count, 0),
    n: truth.length,
    correct,
    war: correct / truth.length,
    uar: mean(scored(labelScores(confusion).map(({ recall }) => recall))),
  };
}

function confusionOf(
  truth: readonly string[],
  predictions: readonly (string | null)[],
  labels: readonly string[],
): Confusion {
  const indexOf = new Map<string | null, number>(labels.map((label, index) => [label, index]));
  const counts = labels.map(() => new Array<number>(labels.length).fill(0));
  const unreadable = new Array<number>(labels.length).fill(0);
  truth.forEach((label, i) => {
    const row = indexOf.get(label)!;
    const column = indexOf.get(predictions[i] ?? null);
    if (column === undefined) unreadable[row]! += 1;
    else counts[row]![column]! += 1;
  });
  return { labels, counts, unreadable };
}

export interface LabelScores {
  readonly label: string;
  /** Pairs whose truth is this label, and pairs whose prediction is. */
  readonly n: number;
  readonly predicted: number;
  /** correct / n; NaN when the label does not occur in truth. */
  readonly recall: number;
  /** correct / predicted; NaN when the label was never predicted. */
  readonly precision: number;
  /** 2 · correct / (n + predicted), the harmonic mean of precision and recall; NaN when the label does not occur at all. */
  readonly f1: number;
}

/** Scores of each label, in the order of the confusion matrix. */
export function labelScores({ labels, counts, unreadable }: Confusion): LabelScores[] {
  return labels.map((label, c) => {
    const correct = counts[c]![c]!;
    const n = counts[c]!.reduce((total, count) => total + count, unreadable[c]!);
    const predicted = counts.reduce((total, row) => total + row[c]!, 0);
    return {
      label,
      n,
      predicted,
      recall: correct / n,
      precision: correct / predicted,
      f1: (2 * correct) / (n + predicted),
    };
  });
}
