/** Scores of several answers to the same question. */

/**
 * pass@k: the chance that at least one of k answers is right, estimated without bias from n answers of which `correct`
 * are: 1 - C(n - c, k) / C(n, k) (Chen et al., "Evaluating Large Language Models Trained on Code", 2021, equation 1),
 * multiplied out so that no binomial overflows.
 */
export function passAtK(n: number, correct: number, k: number): number {
  if (!(k >= 1 && k <= n && correct >= 0 && correct <= n)) {
    throw new RangeError(
      `passAtK: n ${n}, correct ${correct}, k ${k}; expected 0 ≤ correct ≤ n and 1 ≤ k ≤ n.`,
    );
  }
  if (n - correct < k) return 1;
  let allWrong = 1;
  for (let i = n - correct + 1; i <= n; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/** The values of k for which pass@k of n answers is given: 1, 2, 4, … and n. */
export function passLadder(n: number): number[] {
  const ladder: number[] = [];
  for (let k = 1; k < n; k *= 2) ladder.push(k);
  return [...ladder, n];
}

/**
 * The label that most answers name; answers that name none (null) abstain, and null when all do. Of labels with equal
 * votes, the one that was named first wins: a rule that depends on nothing but the answers in their order.
 */
export function majorityVote(votes: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>();
  for (const vote of votes) if (vote !== null) counts.set(vote, (counts.get(vote) ?? 0) + 1);
  let winner: string | null = null;
  for (const [label, count] of counts) {
    if (winner === null || count > counts.get(winner)!) winner = label;
  }
  return winner;
}
