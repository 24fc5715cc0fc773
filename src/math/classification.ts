/** Scores of predicted labels against true labels. */

export interface ClassificationScores {
  /** Rows (truth) and columns (prediction) of `counts`. */
  readonly labels: readonly string[];
  /** counts[truth][predicted]; predictions that are none of `labels` are not in it. */
  readonly counts: readonly (readonly number[])[];
  /** Predictions that are null or none of `labels`. They are wrong and add no class to the mean recall. */
  readonly unreadable: number;
  readonly n: number;
  readonly correct: number;
  /** Weighted average recall, 0 … 1: the share correct. */
  readonly war: number;
  /** Unweighted average recall, 0 … 1: mean over the labels that occur in truth of correct_c / count_c. */
  readonly uar: number;
  /** 95 % Wilson interval of `war`. */
  readonly interval: readonly [low: number, high: number];
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
  const all = [...new Set([...labels, ...truth])];
  const indexOf = new Map(all.map((label, index) => [label, index]));
  const counts = all.map(() => new Array<number>(all.length).fill(0));
  const perTruth = new Array<number>(all.length).fill(0);
  let unreadable = 0;
  truth.forEach((label, i) => {
    const row = indexOf.get(label)!;
    const column = indexOf.get(predictions[i] ?? '');
    perTruth[row]! += 1;
    if (predictions[i] == null || column === undefined) unreadable += 1;
    else counts[row]![column]! += 1;
  });
  const correct = all.reduce((total, _, index) => total + counts[index]![index]!, 0);
  const recalls = perTruth.flatMap((count, index) => (count === 0 ? [] : [counts[index]![index]! / count]));
  return {
    labels: all,
    counts,
    unreadable,
    n: truth.length,
    correct,
    war: correct / truth.length,
    uar: recalls.reduce((total, recall) => total + recall, 0) / recalls.length,
    interval: wilsonInterval(correct, truth.length),
  };
}

/** Wilson's 95 % interval of a share `correct / n`; [0, 1] when n is 0. */
export function wilsonInterval(correct: number, n: number): [low: number, high: number] {
  if (n === 0) return [0, 1];
  const z = 1.959963984540054;
  const share = correct / n;
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
