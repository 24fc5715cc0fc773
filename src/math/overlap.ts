/** How much two sequences, sets or spans have in common: the formulas behind scores of open answers. Pure, in float64. */

/**
 * Words or other tokens of the longest common subsequence of two lists (Needleman and Wunsch's table with match 1 and
 * everything else 0), in time |a|·|b| and memory |b|.
 */
export function longestCommon(a: readonly string[], b: readonly string[]): number {
  let above = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (const token of a) {
    for (let j = 1; j <= b.length; j++) {
      row[j] = token === b[j - 1] ? above[j - 1]! + 1 : Math.max(above[j]!, row[j - 1]!);
    }
    [above, row] = [row, above];
  }
  return above[b.length]!;
}

/** Insertions, deletions and replacements, a point each, that make one list of the other (Levenshtein 1966). */
export function editDistance(a: readonly string[], b: readonly string[]): number {
  let above = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  let row = new Uint32Array(b.length + 1);
  for (const [i, token] of a.entries()) {
    row[0] = i + 1;
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (token === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, above[j]! + 1, row[j - 1]! + 1);
    }
    [above, row] = [row, above];
  }
  return above[b.length]!;
}

/** Harmonic mean of precision `common / said` and recall `common / gold`: 2·common / (said + gold); 0 where nothing is common. */
function fMeasure(common: number, gold: number, said: number): number {
  return common === 0 ? 0 : (2 * common) / (gold + said);
}

/** ROUGE-L's F-measure of token lists (Lin, "ROUGE", 2004, section 3, with beta 1, as Google's rouge_score has it), 0 … 1. */
export function rougeL(gold: readonly string[], said: readonly string[]): number {
  return fMeasure(longestCommon(gold, said), gold.length, said.length);
}

/** ROUGE-N's F-measure of token lists (Lin, "ROUGE", 2004, section 2, with beta 1): groups of `n` tokens, each as often as it occurs, 0 … 1. */
export function rougeN(gold: readonly string[], said: readonly string[], n: number): number {
  const [wanted, given] = [groups(gold, n), groups(said, n)];
  const left = new Map<string, number>();
  for (const group of wanted) left.set(group, (left.get(group) ?? 0) + 1);
  let common = 0;
  for (const group of given) {
    const count = left.get(group) ?? 0;
    left.set(group, count - 1);
    if (count > 0) common++;
  }
  return fMeasure(common, wanted.length, given.length);
}

/** Every `n` tokens in a row, as one text each. */
const groups = (tokens: readonly string[], n: number): string[] =>
  Array.from({ length: Math.max(0, tokens.length - n + 1) }, (_, at) =>
    JSON.stringify(tokens.slice(at, at + n)),
  );

/** Word error rate: edits per word of the truth, of which at least one is counted; above 1 where more is said than was asked. */
export function wordErrorRate(gold: readonly string[], said: readonly string[]): number {
  return editDistance(gold, said) / Math.max(1, gold.length);
}

/** F1 of two sets; what a list says twice counts once. */
export function setF1(gold: readonly string[], said: readonly string[]): number {
  const [wanted, given] = [new Set(gold), new Set(said)];
  return fMeasure([...given].filter((item) => wanted.has(item)).length, wanted.size, given.size);
}

export type Span = readonly [start: number, end: number];

/** Intersection over union of two spans with start ≤ end; of two that are one and the same moment 1. */
export function spanIou([s, e]: Span, [t, f]: Span): number {
  const shared = Math.max(0, Math.min(e, f) - Math.max(s, t));
  const union = e - s + (f - t) - shared;
  return union > 0 ? shared / union : Number(s === t);
}

/**
 * Mean relative accuracy (Yang et al., "Thinking in Space", 2024; Video-R1's evaluation of regression): of the thresholds
 * 0.50, 0.55 … 0.95 the share for which the relative error |said - gold| / (|gold| + 1e-8) is below 1 - threshold.
 */
export function meanRelativeAccuracy(gold: number, said: number): number {
  const error = Math.abs(said - gold) / (Math.abs(gold) + 1e-8);
  const thresholds = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100);
  return thresholds.filter((threshold) => error < 1 - threshold).length / thresholds.length;
}
