/** Built-in rewards as functions of a batch. */
import type { RewardBatch, RewardFunction } from './contract.ts';
import { isRewardName, REWARDS, type RewardName, type RewardSettings } from './index.ts';
import { RewardPanel } from './panel.ts';
import type { RewardContext } from './reward.ts';

/** A built-in reward under a run's settings: it scores one completion after the other. */
export function builtIn(name: RewardName, settings: RewardSettings): RewardFunction {
  const own = ownSettings(name, settings);
  const score = (batch: RewardBatch) => {
    const known = contextsOf(batch);
    return {
      values: batch.completions.map((text, at) => REWARDS[name].score(text, { ...own, ...known[at]! })),
    };
  };
  return { name, untimed: true, score };
}

/** Those that the reward can read: to copy all settings of a run for each completion takes longer than to score it. */
function ownSettings(name: RewardName, settings: RewardSettings): RewardSettings {
  const keys = ['maxCompletionLength', ...Object.keys(REWARDS[name].parameters ?? {})];
  const own = keys.map((key) => [key, settings[key as keyof RewardSettings]]);
  return Object.fromEntries(own) as RewardSettings;
}

type Known = Omit<RewardContext, keyof RewardSettings>;

/** Of the batches that are being scored: each reward of a run asks for the same. */
const contexts = new WeakMap<RewardBatch, readonly Known[]>();

/** What is known of each completion beside its text. */
function contextsOf(batch: RewardBatch): readonly Known[] {
  const found = contexts.get(batch);
  if (found) return found;
  const { completions, labels, completion_ids, columns } = batch;
  const rows = completions.map((_, at) =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[at]])),
  );
  const known = rows.map((row, at): Known => {
    const ids = completion_ids[at] ?? [];
    return { label: labels[at] ?? null, tokens: ids.length, ids, row, first: rows[0]! };
  });
  contexts.set(batch, known);
  return known;
}

/** The rewards of a run that has no others. @throws RangeError for a name that none of them has */
export function builtInPanel(names: readonly string[], settings: RewardSettings): RewardPanel {
  const functions = names.map((name) => {
    if (!isRewardName(name)) throw new RangeError(`There is no built-in reward "${name}".`);
    return builtIn(name, settings);
  });
  return new RewardPanel(functions, Number.POSITIVE_INFINITY);
}
