/** Comparisons between evaluations. Pure. */
import { sum } from '../../math/stats.ts';
import type { EvalResult } from '../../protocol/messages.ts';

export interface Comparison {
  /** Latest evaluation with both senses. */
  now: EvalResult;
  /** Of the weights as loaded, on the same split; absent if never run, or if `now` is it. */
  before?: EvalResult;
}

/** The newest evaluation of a split with both senses, against the one at step 0. */
export function compare(evals: readonly EvalResult[], split: EvalResult['split']): Comparison | undefined {
  const whole = evals.filter((result) => result.split === split && result.mute === undefined);
  const now = whole[whole.length - 1];
  if (!now) return undefined;
  const before = whole.filter((result) => result.step === 0).pop();
  return { now, before: before === now ? undefined : before };
}

export interface LabelScore {
  label: string;
  n: number;
  /** Share of this label's clips answered right; undefined without clips. */
  recall: number | undefined;
}

/** Whether recall by label leaves unreadable answers out, because it is not known which label they belong to. */
export function readableOnly({ confusion, unreadable }: EvalResult): boolean {
  return unreadable > 0 && confusion.unreadable === undefined;
}

/** Recall by label; unreadable answers count as wrong wherever their label is known. */
export function labelScores({ confusion }: EvalResult): LabelScore[] {
  return confusion.labels.map((label, i) => {
    const row = confusion.counts[i] ?? [];
    const n = sum(row) + (confusion.unreadable?.[i] ?? 0);
    return { label, n, recall: n > 0 ? (row[i] ?? 0) / n : undefined };
  });
}
