/** Answers as table rows, and which of them are asked for. Pure. */
import { formatMetric } from '../../math/format.ts';
import { type Bin, isIn } from '../../math/histogram.ts';
import { type AnswerFilter, isSilent, readingOf } from '../../protocol/answer-search.ts';
import type { Completion, RolloutGroup } from '../../protocol/messages.ts';

export interface RolloutRow {
  /** Unique within a step. */
  id: string;
  /** Its place among all answers of the step. */
  place: number;
  /** All answers to the same prompt, those that are filtered away, too. */
  group: RolloutGroup;
  exampleId: string;
  label: string;
  /** The row's own, where it was asked. */
  question?: string;
  completion: Completion;
  /** What the answer is taken to be; null where none could be read. */
  answer: string | null;
  /** First row of its group: clip and truth are shown once. */
  first: boolean;
}

export interface RolloutFilter extends AnswerFilter {
  /** Only answers that earned so much. */
  bin?: RewardBin | undefined;
}

/** Stands for the weighted sum of all rewards where a reward is named. */
export const TOTAL = 'total';

/** What a bar of the histogram stands for. */
export interface RewardBin extends Omit<Bin, 'count'> {
  /** A reward's name, or `TOTAL`. */
  readonly reward: string;
}

/** What an answer earned; undefined where a reward did not apply. */
export function earned({ total, rewards }: Completion, reward: string): number | undefined {
  return reward === TOTAL ? total : (rewards[reward] ?? undefined);
}

export const isSameBin = (a: RewardBin, b: RewardBin): boolean =>
  a.reward === b.reward && a.low === b.low && a.high === b.high;

/** "2", or "0.5 to 1". */
export function rangeOf({ low, high }: Pick<RewardBin, 'low' | 'high'>): string {
  const text = (value: number) => formatMetric(value, 3).replace('-', '−');
  return low === high ? text(low) : `${text(low)} to ${text(high)}`;
}

/** `isBare`: answers without tags are what they say as a whole. */
export function rolloutRows(
  groups: readonly RolloutGroup[],
  filter: RolloutFilter,
  isBare = false,
): RolloutRow[] {
  let before = 0;
  return groups.flatMap((group, g) => {
    const start = before;
    before += group.completions.length;
    if (filter.label !== undefined && group.label !== filter.label) return [];
    if (filter.silentOnly && !isSilent(group.completions)) return [];
    const wanted = group.completions.flatMap((completion, c) => {
      const answer = readingOf(completion, isBare);
      return wants(filter, group.label, answer, completion) ? [{ completion, answer, c }] : [];
    });
    return wanted.map(({ completion, answer, c }, index) => ({
      id: `${g}.${c}`,
      place: start + c,
      group,
      exampleId: group.exampleId,
      label: group.label,
      ...(group.question === undefined ? {} : { question: group.question }),
      completion,
      answer,
      first: index === 0,
    }));
  });
}

function wants(
  { wrongOnly, cutOnly, bin, search }: RolloutFilter,
  label: string,
  answer: string | null,
  completion: Completion,
): boolean {
  if (wrongOnly && answer === label) return false;
  if (cutOnly && completion.ended !== 'length') return false;
  if (bin && !isIn(bin, earned(completion, bin.reward) ?? Number.NaN)) return false;
  return completion.text.toLowerCase().includes(search.toLowerCase());
}

/** Names of the rewards in order of appearance. */
export function rewardNames(groups: readonly RolloutGroup[]): string[] {
  return [
    ...new Set(
      groups.flatMap(({ completions }) => completions.flatMap(({ rewards }) => Object.keys(rewards))),
    ),
  ];
}

/** An advantage with its sign. */
export function signed(value: number): string {
  return value > 0
    ? `+${value.toFixed(2)}`
    : Math.abs(value) < 0.005
      ? '0'
      : value.toFixed(2).replace('-', '−');
}
