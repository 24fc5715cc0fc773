import type { Advantages } from '../math/advantages.ts';
import type { Config } from '../protocol/config.ts';
import type { LossConfig } from '../protocol/loss-config.ts';
import type { RolloutGroup } from '../protocol/messages.ts';
import type { AnswerParts } from '../protocol/step-basis.ts';
import { readAnswer } from '../rewards/answer.ts';
import type { LoggedValue } from '../rewards/contract.ts';
import { answerParts } from './objective/loss.ts';
import type { Completion } from './rollout/generator.ts';
import type { RunExample } from './run-context.ts';
import type { MicroResult } from './update/update.ts';

/** A completion as text. */
export interface ReadCompletion extends Completion {
  /** Special tokens removed: what the rewards see. */
  readonly text: string;
  readonly rawText: string;
}

/** A completion as text, with what it scored. */
export interface ScoredCompletion extends ReadCompletion {
  /** One per reward of the config; null = did not apply. */
  readonly rewards: readonly (number | null)[];
  /** What rewards logged of it, by column. */
  readonly extras: Readonly<Record<string, LoggedValue>>;
}

/**
 * Mean of k3 = exp(ref - lp) - (ref - lp) - 1 over each completion, by its row in the step; only of those that went through a
 * pass with a reference.
 */
export function meanKls(micro: readonly MicroResult[], groupSize: number): ReadonlyMap<number, number> {
  const means = new Map<number, number>();
  for (const pass of micro) {
    const rows = pass.groups.flatMap(({ index, kept }) => kept.map((at) => index * groupSize + at));
    const kl = meanKl(pass);
    for (const [place, row] of rows.entries()) if (kl) means.set(row, kl[place]!);
  }
  return means;
}

/** What each completion added to the loss and its metrics, by its row in the step; only of those that went through a pass. */
export function partsOf(
  objective: LossConfig,
  micro: readonly MicroResult[],
  groupSize: number,
): ReadonlyMap<number, AnswerParts> {
  const parts = new Map<number, AnswerParts>();
  for (const { groups, partials } of micro) {
    const rows = groups.flatMap(({ index, kept }) => kept.map((at) => index * groupSize + at));
    const found = partials ? answerParts(objective, partials, rows.length) : [];
    for (const [place, each] of found.entries()) parts.set(rows[place]!, each);
  }
  return parts;
}

/** By completion of the pass. */
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

/** What passes found of completions, by their row in the step. */
export interface PassFigures {
  readonly kl: ReadonlyMap<number, number>;
  readonly parts: ReadonlyMap<number, AnswerParts>;
}

/** A group as the rollouts table shows it. */
export function describeGroup(
  config: Config,
  example: RunExample,
  completions: readonly ScoredCompletion[],
  advantages: Advantages,
  groupIndex: number,
  { kl, parts }: PassFigures,
): RolloutGroup {
  const { id, label, question } = example;
  return {
    ...{ exampleId: id, label, ...(question === undefined ? {} : { question }) },
    completions: completions.map((completion, index) => {
      const row = groupIndex * config.groupSize + index;
      const meanKl = kl.get(row);
      const found = parts.get(row);
      return {
        text: completion.text,
        rawText: completion.rawText,
        tokens: completion.ids.length,
        ended: completion.stopped ? 'stop' : completion.ended ? 'eos' : 'length',
        rewards: Object.fromEntries(config.rewards.map((name, k) => [name, completion.rewards[k] ?? null])),
        total: advantages.totals[row]!,
        advantage: advantages.advantages[row]!,
        answer: /<answer>/i.test(completion.text) ? readAnswer(completion.text) : null,
        ...(meanKl === undefined ? {} : { meanKl }),
        ...(found ? { parts: found } : {}),
        ...(Object.keys(completion.extras).length === 0 ? {} : { extras: completion.extras }),
      };
    }),
  };
}
