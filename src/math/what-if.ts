/** Stored answers under other rewards or weights: what groups, advantages and the signal would have been. Pure. */
import { type AdvantageOptions, groupAdvantages } from './advantages.ts';
import { mean, scored } from './stats.ts';

/** Scores of answers, step after step and group after group, every group whole. */
export interface AnswerScores {
  readonly groupSize: number;
  /** The step of each answer; answers of a step stand together. */
  readonly steps: ArrayLike<number>;
  /** By reward, one number for each answer; NaN where it does not apply. */
  readonly values: readonly ArrayLike<number>[];
}

export type Weighing = Omit<AdvantageOptions, 'groupSize'>;

/** What rewards come to over all steps. */
export interface Judgement {
  /** By answer: the weighted sum, NaN where no reward applies; and how much better it is than its group. */
  readonly totals: Float64Array;
  readonly advantages: Float64Array;
  /** Mean of the totals; NaN where nothing is scored. */
  readonly reward: number;
  /** Mean of each reward. */
  readonly parts: readonly number[];
  /** Standard deviation of the totals of a group, mean over groups. */
  readonly spread: number;
  /** Share of groups whose totals differ. */
  readonly signal: number;
}

/** Steps are batches of their own, as in training. */
export function judge({ groupSize, steps, values }: AnswerScores, weighing: Weighing): Judgement {
  const count = steps.length;
  const totals = new Float64Array(count);
  const advantages = new Float64Array(count);
  const spreads: number[] = [];
  let signals = 0;
  for (let start = 0; start < count; ) {
    const end = endOfStep(steps, start);
    const rows = Array.from({ length: end - start }, (_, at) => values.map((each) => each[start + at]!));
    const found = groupAdvantages(rows, { ...weighing, groupSize });
    totals.set(found.totals, start);
    advantages.set(found.advantages, start);
    signals += found.zeroStd.filter((flat) => !flat).length;
    spreads.push(...found.groupStd.filter((_, at) => at % groupSize === 0));
    start = end;
  }
  return {
    ...{ totals, advantages },
    reward: mean(scored(Array.from(totals))),
    parts: values.map((each) => mean(scored(Array.from(each)))),
    spread: mean(scored(spreads)),
    signal: signals / (count / groupSize),
  };
}

function endOfStep(steps: ArrayLike<number>, start: number): number {
  let end = start + 1;
  while (end < steps.length && steps[end] === steps[start]) end++;
  return end;
}

/** Answers that another judgement would push the other way. */
export function signChanges(before: Judgement, after: Judgement): number {
  return before.advantages.reduce(
    (count, advantage, at) => count + Number(advantage * after.advantages[at]! < 0),
    0,
  );
}

/** The answers whose advantage changes most, most first; those that do not change are left out. */
export function largestChanges(before: Judgement, after: Judgement, count: number): number[] {
  const change = before.advantages.map((advantage, at) => Math.abs(after.advantages[at]! - advantage));
  return Array.from(change.keys())
    .filter((at) => change[at]! > 0)
    .sort((a, b) => change[b]! - change[a]! || a - b)
    .slice(0, count);
}
