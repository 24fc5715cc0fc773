/** What the rewards that are tried come to, beside those that the run trained with. Pure. */
import { type Judgement, judge, largestChanges, signChanges, type Weighing } from '../../math/what-if.ts';
import type { Config } from '../../protocol/config.ts';
import type { ScoredAnswers } from '../../protocol/scored-answers.ts';

/** Rewards by name with their weights, in order. */
export type Weights = ReadonlyMap<string, number>;

/** Answers of which the change is listed. */
const LISTED = 10;

export interface Change {
  readonly exampleId: string;
  readonly step: number;
  /** Place of the answer among those of its step, from 0. */
  readonly place: number;
  /** Which answer of its group, from 0. */
  readonly index: number;
  readonly before: number;
  readonly after: number;
}

export interface Comparison {
  readonly before: Judgement;
  readonly after: Judgement;
  readonly answers: number;
  readonly signChanges: number;
  /** The answers whose advantage changes most. */
  readonly largest: readonly Change[];
}

type Scaling = Pick<Config, 'scaleRewards' | 'multiObjectiveAggregation'>;
type Trained = Scaling & Pick<Config, 'rewards' | 'rewardWeights'>;

const weighing = (weights: readonly number[], scaling: Scaling): Weighing => ({
  weights,
  aggregation: scaling.multiObjectiveAggregation,
  scale: scaling.scaleRewards,
});

/** The weights of a run's rewards. */
export function weightsOf({ rewards, rewardWeights }: Pick<Config, 'rewards' | 'rewardWeights'>): Weights {
  return new Map(rewards.map((name, k) => [name, rewardWeights[k] ?? 1]));
}

/** Rewards of `weights` that nobody has scored yet are those that `answers` does not have. */
export function unscored(answers: ScoredAnswers | undefined, weights: Weights): string[] {
  return [...weights.keys()].filter((name) => !answers?.scored.names.includes(name));
}

/** `trained`: the settings of the run; `tried`: how the rewards that are tried are scaled. */
export function compare(
  answers: ScoredAnswers,
  trained: Trained,
  weights: Weights,
  tried: Scaling,
): Comparison {
  const { groupSize, steps, exampleIds, stored, scored } = answers;
  const before = judge({ groupSize, steps, values: stored.values }, weighing(trained.rewardWeights, trained));
  const values = [...weights.keys()].map((name) => scored.values[scored.names.indexOf(name)]!);
  const after = judge({ groupSize, steps, values }, weighing([...weights.values()], tried));
  return {
    ...{ before, after, answers: steps.length, signChanges: signChanges(before, after) },
    largest: largestChanges(before, after, LISTED).map((at) => ({
      exampleId: exampleIds[Math.floor(at / groupSize)]!,
      step: steps[at]!,
      place: at - steps.indexOf(steps[at]!),
      index: at % groupSize,
      before: before.advantages[at]!,
      after: after.advantages[at]!,
    })),
  };
}
