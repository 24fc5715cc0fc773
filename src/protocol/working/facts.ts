/** What a step's figures are worked out from: all of it is kept with the run. */
import type { Config } from '../config.ts';
import { lossConfig } from '../loss-config.ts';
import { type LossShare, lossShares } from '../loss-shares.ts';
import type { MetricValues } from '../metrics.ts';
import type { Completion, RolloutGroup } from '../results.ts';
import type { AnswerParts, StepBasis } from '../step-basis.ts';

export interface StepFacts {
  readonly step: number;
  readonly config: Config;
  readonly metrics: MetricValues;
  readonly seconds: Readonly<Record<string, number>>;
  readonly basis?: StepBasis | undefined;
  /** All answers of the step; none where they are not at hand. */
  readonly groups: readonly RolloutGroup[];
  /** Tokens that the run had processed before it. */
  readonly tokensBefore?: number | undefined;
}

export const answersOf = ({ groups }: Pick<StepFacts, 'groups'>): Completion[] =>
  groups.flatMap(({ completions }) => completions);

/** The run's settings as the step had them. */
export const configOf = (running: Config, basis: StepBasis | undefined): Config => ({
  ...running,
  ...basis?.settings,
});

/** Those that trained; what was sampled anew comes after them. */
export const batchOf = (groups: readonly RolloutGroup[]): RolloutGroup[] =>
  groups.filter(({ leftOut }) => !leftOut);

/** An answer that went through a pass: what it counts in the loss, and what it added. */
export interface PassedAnswer {
  /** Its place among all of the step, from 0. */
  readonly place: number;
  readonly tokens: number;
  readonly advantage: number;
  readonly share: LossShare;
  readonly parts: AnswerParts;
}

/** What each answer of a step's batch counts, by the code that the step itself used. */
export function sharesOf({ config, groups }: Pick<StepFacts, 'config' | 'groups'>): LossShare[] {
  const loss = lossConfig(config);
  const isTrained = ({ ended }: Completion) => ended !== 'length' || !config.maskTruncatedCompletions;
  const batch = batchOf(groups);
  const batches = batch.map(({ completions }) =>
    completions.map((completion) => ({
      ...{ start: 0, length: completion.tokens, advantage: completion.advantage },
      trained: isTrained(completion),
    })),
  );
  const tokensInBatch = batches.flat().reduce((sum, { length, trained }) => sum + (trained ? length : 0), 0);
  return batches.flatMap((completions) =>
    lossShares(loss, { completions, accumulation: batch.length, tokensInBatch }),
  );
}

/** Those of the step's answers that went through a pass. */
export function passedAnswers(facts: Pick<StepFacts, 'config' | 'groups'>): PassedAnswer[] {
  const shares = sharesOf(facts);
  return answersOf(facts).flatMap(({ tokens, advantage, parts }, place) =>
    parts ? [{ place, tokens, advantage, share: shares[place]!, parts }] : [],
  );
}

/** Why a figure of the loss cannot be worked out again; undefined where it can. */
export function whyNoParts({ basis, groups, config }: StepFacts): string | undefined {
  if (config.stage === 'sft') {
    return 'A supervised step samples no answers, and the log-probabilities of its labels’ tokens are not kept.';
  }
  if (groups.length === 0)
    return 'The answers of this step are not at hand, and the figure is made of theirs.';
  if (groups.some(({ completions }) => completions.length !== config.groupSize)) {
    return 'Some answers of this step could not be read, and the figure is made of all.';
  }
  if (!basis)
    return 'The step was taken by an earlier version of the studio, which did not keep what each answer added.';
  return undefined;
}
