import type { Config } from '../protocol/config.ts';
import type { RolloutGroup } from '../protocol/messages.ts';
import type { Advantages } from './advantages.ts';
import type { Completion } from './generator.ts';
import { readAnswer } from './rewards.ts';
import type { RunExample } from './run-context.ts';
import type { MicroResult } from './update.ts';

/** A completion as text, with what it scored. */
export interface ScoredCompletion extends Completion {
  /** Special tokens removed: what the rewards see. */
  readonly text: string;
  readonly rawText: string;
  /** One per reward of the config; null = did not apply. */
  readonly rewards: readonly (number | null)[];
}

/** Mean of k3 = exp(ref - lp) - (ref - lp) - 1 over each completion of a pass; undefined without a reference. */
function meanKl({ arrays, logProbs, refLogProbs }: MicroResult): number[] | undefined {
  if (!refLogProbs) return undefined;
  return arrays.starts.map((start, index) => {
    const length = arrays.lengths[index]!;
    let sum = 0;
    for (let at = start; at < start + length; at++) {
      const difference = refLogProbs[at]! - logProbs[at]!;
      sum += Math.exp(difference) - difference - 1;
    }
    return sum / Math.max(1, length);
  });
}

/** A group as the rollouts table shows it. */
export function describeGroup(
  config: Config,
  example: RunExample,
  completions: readonly ScoredCompletion[],
  advantages: Advantages,
  groupIndex: number,
  micro: readonly MicroResult[],
): RolloutGroup {
  const kl = micro.every(({ refLogProbs }) => refLogProbs)
    ? micro.flatMap((pass) => meanKl(pass)!)
    : undefined;
  return {
    exampleId: example.id,
    label: example.label,
    completions: completions.map((completion, index) => {
      const row = groupIndex * config.groupSize + index;
      return {
        text: completion.text,
        rawText: completion.rawText,
        tokens: completion.ids.length,
        ended: completion.ended ? 'eos' : 'length',
        rewards: Object.fromEntries(config.rewards.map((name, k) => [name, completion.rewards[k] ?? null])),
        total: advantages.totals[row]!,
        advantage: advantages.advantages[row]!,
        answer: /<answer>/i.test(completion.text) ? readAnswer(completion.text) : null,
        ...(kl ? { meanKl: kl[row]! } : {}),
      };
    }),
  };
}
