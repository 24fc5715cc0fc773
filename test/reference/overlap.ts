/** Scores of texts in the plainest way: by trying everything. For short lists only. */

/** Length of the longest list that is a subsequence of both, over all subsequences of the first. */
export function plainLongestCommon(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  for (let chosen = 0; chosen < 2 ** a.length; chosen++) {
    const part = a.filter((_, i) => (chosen >> i) & 1);
    if (part.length > longest && isSubsequence(part, b)) longest = part.length;
  }
  return longest;
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const token of whole) if (token === part[at]) at++;
  return at === part.length;
}

/** Edits by the definition: the cheapest of removing, adding or replacing the first word, over all ways. */
export function plainEdits(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const [, ...restOfA] = a;
  const [, ...restOfB] = b;
  return Math.min(
    plainEdits(restOfA, restOfB) + Number(a[0] !== b[0]),
    plainEdits(restOfA, b) + 1,
    plainEdits(a, restOfB) + 1,
  );
}

/** F-measure from precision and recall. */
export function plainF(common: number, gold: number, said: number): number {
  const [precision, recall] = [common / said, common / gold];
  return common === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}
