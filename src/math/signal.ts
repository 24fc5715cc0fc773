import { scored } from './stats.ts';

/** Totals that differ by no more earn the same, as in `groupAdvantages`. */
const SAME = 1e-8;

/**
 * How likely a group of `size` answers differs in what it scores, from the totals of answers that were drawn from the same policy:
 *   P = 1 − Σ_v (n_v / n)^size,   n_v of n answers having scored v.
 * Of rewards that are 0 or 1 this is 1 − p^size − (1 − p)^size. NaN where fewer than two answers were scored.
 */
function signalChance(totals: readonly number[], size: number): number {
  const values = scored(totals);
  if (values.length < 2) return Number.NaN;
  const counts: { value: number; count: number }[] = [];
  for (const value of values) {
    const known = counts.find((each) => Math.abs(each.value - value) <= SAME);
    if (known) known.count++;
    else counts.push({ value, count: 1 });
  }
  return 1 - counts.reduce((sum, { count }) => sum + (count / values.length) ** size, 0);
}

/** The share of groups of `size` answers that is expected to have a signal; `groups`: totals of answers, prompt by prompt. */
export function expectedSignal(groups: readonly (readonly number[])[], size: number): number {
  const chances = groups
    .map((totals) => signalChance(totals, size))
    .filter((chance) => !Number.isNaN(chance));
  return chances.reduce((sum, chance) => sum + chance, 0) / chances.length;
}
