/** What a run's rewards make of the answers of an evaluation. */
import { mean } from '../../math/stats.ts';
import type { RewardMean } from '../../protocol/messages.ts';
import type { TrainerState } from '../../rewards/contract.ts';
import type { RewardPanel } from '../../rewards/panel.ts';
import { rewardBatch } from '../objective/reward-batch.ts';
import type { RunExample } from '../run-context.ts';
import type { SaidText } from './score-rows.ts';

interface Calls {
  /** The rewards, in the panel's order. */
  readonly names: readonly string[];
  /** Answers that one call is given, at most; of one example at least all. */
  readonly answers: number;
  readonly state: TrainerState;
}

/** The mean of each reward. Calls are as large as a step's, so that a time limit means the same. */
export async function rewardMeans(
  panel: RewardPanel,
  { names, answers, state }: Calls,
  examples: readonly RunExample[],
  said: readonly (readonly SaidText[])[],
): Promise<RewardMean[]> {
  const rows = Math.max(1, Math.floor(answers / (said[0]?.length ?? 1)));
  const values = names.map((): number[] => []);
  const failures = new Map<string, string>();
  for (let first = 0; first < examples.length; first += rows) {
    const groups = said
      .slice(first, first + rows)
      .map((group) => group.map(({ text, ids = [] }) => ({ text, ids })));
    const scored = await panel.score(rewardBatch(examples.slice(first, first + rows), groups, state));
    for (const row of scored.values)
      for (const [at, value] of row.entries()) if (value !== null) values[at]!.push(value);
    for (const { reward, message, isScored } of scored.troubles)
      if (!isScored && !failures.has(reward)) failures.set(reward, message);
  }
  return names.map((name, at) => {
    const failure = failures.get(name);
    const given = values[at]!;
    const about = { name, mean: given.length > 0 ? mean(given) : null, n: given.length };
    return failure === undefined ? about : { ...about, failure };
  });
}
