/** Built-in rewards as functions of a batch. */
import type { RewardBatch, RewardFunction } from './contract.ts';
import { isRewardName, REWARDS, type RewardName, type RewardSettings } from './index.ts';
import { RewardPanel } from './panel.ts';
import type { RewardContext } from './reward.ts';

/** A built-in reward under a run's settings: it scores one completion after the other. */
export function builtIn(name: RewardName, settings: RewardSettings): RewardFunction {
  const score = (batch: RewardBatch) => {
    const known = contextsOf(batch);
    return {
      values: batch.completions.map((text, at) => REWARDS[name].score(text, { ...settings, ...known[at]! })),
    };
  };
  return { name, untimed: true, score };
}

/** What is known of each completion beside its text. */
function contextsOf({ completions, labels, completion_ids, columns }: RewardBatch) {
  const rows = completions.map((_, at) =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[at]])),
  );
  return rows.map((row, at): Omit<RewardContext, keyof RewardSettings> => {
    const ids = completion_ids[at] ?? [];
    return { label: labels[at] ?? null, tokens: ids.length, ids, row, first: rows[0]! };
  });
}

/** The rewards of a run that has no others. @throws RangeError for a name that none of them has */
export function builtInPanel(names: readonly string[], settings: RewardSettings): RewardPanel {
  const functions = names.map((name) => {
    if (!isRewardName(name)) throw new RangeError(`There is no built-in reward "${name}".`);
    return builtIn(name, settings);
  });
  return new RewardPanel(functions, Number.POSITIVE_INFINITY);
}
