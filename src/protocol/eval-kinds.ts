/** Ways of scoring an answer where answers are no closed set of labels, a row each: form, help and tables print them. */
import { REWARD_NAMES, REWARDS, type RewardName } from '../rewards/index.ts';

interface EvalKindRow {
  readonly label: string;
  /** When an answer scores what, as the end of a sentence. */
  readonly help: string;
  /** An answer is right (1) or wrong (0), and nothing between. */
  readonly isRightOrWrong?: true;
}

export const OPEN_KINDS = {
  exact: {
    label: 'exact match',
    help: 'the answer is the right one letter by letter, space at its ends aside',
    isRightOrWrong: true,
  },
  choice: {
    label: 'multiple choice',
    help: 'the letter of the right option, or its text',
    isRightOrWrong: true,
  },
  number: {
    label: 'number',
    help: 'within a hundredth of the right number, of one below 1 within a hundredth of it; 1,000 and 1000.0 are the same',
    isRightOrWrong: true,
  },
  regression: {
    label: 'mean relative accuracy',
    help: "the share of Video-R1's ten thresholds that the relative error stays below",
  },
  contains: {
    label: 'contains',
    help: 'the right answer stands in what is said, as whole words in any case',
    isRightOrWrong: true,
  },
  rouge_l: {
    label: 'ROUGE-L',
    help: 'F-measure of the longest common subsequence of lower-case words, without a stemmer',
  },
  wer: { label: '1 − WER', help: 'one minus the word error rate, at least 0; case and marks count' },
  set_f1: { label: 'set F1', help: 'F1 of the sets of items, which commas part' },
  span_iou: {
    label: 'span IoU',
    help: 'intersection over union of two spans of time, from start to end',
  },
  yes_no: { label: 'yes or no', help: 'yes where yes is right, or no where no is', isRightOrWrong: true },
} as const satisfies Record<string, EvalKindRow>;

export type OpenKind = keyof typeof OPEN_KINDS;
const REWARD_PREFIX = 'rewards/';
type RewardKind = `rewards/${RewardName}`;
/** How an open answer is scored: by its kind, or by a reward. */
export type EvalKind = OpenKind | RewardKind;

const OPEN_NAMES = Object.keys(OPEN_KINDS) as OpenKind[];
const REWARD_KINDS = REWARD_NAMES.map((name): RewardKind => `${REWARD_PREFIX}${name}`);
export const EVAL_KINDS: readonly EvalKind[] = [...OPEN_NAMES, ...REWARD_KINDS];

/** The reward that a kind is; undefined of the others. */
export const rewardOf = (kind: EvalKind): RewardName | undefined =>
  kind.startsWith(REWARD_PREFIX) ? (kind.slice(REWARD_PREFIX.length) as RewardName) : undefined;

export function evalKind(kind: EvalKind): EvalKindRow {
  const reward = rewardOf(kind);
  return reward === undefined
    ? OPEN_KINDS[kind as OpenKind]
    : { label: `reward ${reward}`, help: REWARDS[reward].help };
}

export const isRightOrWrong = (kind: EvalKind): boolean => evalKind(kind).isRightOrWrong === true;
