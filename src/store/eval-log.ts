import { withoutTexts } from '../protocol/evaluation.ts';
import type { EvalResult } from '../protocol/messages.ts';

/** Latest evaluations whose answers keep their texts. */
const EVALS_WITH_TEXTS = 8;

/**
 * The evaluations with one more. Older ones lose the texts of their answers, so that a long run does not fill the heap;
 * those of the weights as loaded keep them, because the others are compared with them.
 */
export function appendEval(evals: readonly EvalResult[], result: EvalResult): readonly EvalResult[] {
  const next = [...evals, result];
  const at = next.length - 1 - EVALS_WITH_TEXTS;
  const behind = next[at];
  if (behind && behind.step > 0) next[at] = withoutTexts(behind);
  return next;
}
