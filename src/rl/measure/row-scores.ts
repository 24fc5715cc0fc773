/** The score of an answer that is no label of a closed set, and what was read in it. Pure. */
import {
  meanRelativeAccuracy,
  rougeL,
  type Span,
  setF1,
  spanIou,
  wordErrorRate,
} from '../../math/overlap.ts';
import { type OpenKind, rewardOf } from '../../protocol/eval-kinds.ts';
import { foldAnswer } from '../../rewards/answer.ts';
import { type RewardSettings, scoreText } from '../../rewards/index.ts';
import {
  holdsWords,
  readItems,
  readNumber,
  readOption,
  readSpan,
  readYesNo,
  rougeTokens,
  saidAnswer,
  words,
} from '../../rewards/readings.ts';
import type { ScoredRow } from './row-kinds.ts';

export interface ScoredAnswer {
  /** What the answer says, as it was scored: "B", "12.5", "happy, sad"; null where nothing of the kind could be read. */
  readonly read: string | null;
  /** 0 … 1 but for rewards, which have ranges of their own. */
  readonly score: number;
}

/** How a kind reads what is said, and scores that against the right answer of a row. */
type Scorer = (said: string, row: ScoredRow) => ScoredAnswer;

/** Numbers are the same within a hundredth, below 1 within a hundredth of the right one. */
export const isSameNumber = (gold: number, said: number): boolean =>
  Math.abs(said - gold) <= 0.01 * Math.min(1, Math.abs(gold)) * (1 + 1e-9);

/** A kind by a reading that may fail on what is said (never on the right answer, by which the kind was chosen), and a score. */
function by<T>(
  read: (text: string, row: ScoredRow) => T | null,
  score: (gold: T, said: T) => number | boolean,
  show: (said: T) => string,
): Scorer {
  return (text, row) => {
    const said = read(text, row);
    if (said === null) return { read: null, score: 0 };
    return { read: show(said), score: Number(score(read(row.gold, row)!, said)) };
  };
}

const itself = (text: string): string => text.trim();

const SCORERS: Readonly<Record<OpenKind, Scorer>> = {
  exact: by(itself, (gold, said) => gold === said, itself),
  choice: by(
    (text, { options }) => readOption(text, options),
    (gold, said) => gold === said,
    itself,
  ),
  number: by(readNumber, isSameNumber, String),
  regression: by(readNumber, meanRelativeAccuracy, String),
  contains: by(itself, (gold, said) => holdsWords(foldAnswer(said), foldAnswer(gold)), itself),
  rouge_l: by(itself, (gold, said) => rougeL(rougeTokens(gold), rougeTokens(said)), itself),
  wer: by(itself, (gold, said) => Math.max(0, 1 - wordErrorRate(words(gold), words(said))), itself),
  set_f1: by(itemsOf, setF1, (items) => items.join(', ')),
  span_iou: by<Span>(readSpan, spanIou, ([start, end]) => `${start} to ${end}`),
  yes_no: by(readYesNo, (gold, said) => gold === said, itself),
};

/** The items of a list; of multiple choice each as its option's letter. */
function itemsOf(text: string, { options }: ScoredRow): string[] | null {
  const items = readItems(text);
  if (items.length === 0) return null;
  return options.length === 0 ? items : items.map((item) => readOption(item, options) ?? item);
}

export type AnswerContext = RewardSettings & {
  /** Of the answer, its end token included. */
  readonly tokens: number;
  /** Its tokens, where they are at hand. */
  readonly ids?: readonly number[];
};

/** Scores a whole answer, tags and thinking included. */
export function scoreAnswer(text: string, row: ScoredRow, context: AnswerContext): ScoredAnswer {
  const said = saidAnswer(text);
  const reward = rewardOf(row.kind);
  if (reward !== undefined) {
    const { gold, columns = {} } = row;
    const about = { ...context, ids: context.ids ?? [], label: gold, row: columns, first: columns };
    return { read: said, score: scoreText(reward, text, about) ?? Number.NaN };
  }
  return said === null ? { read: null, score: 0 } : SCORERS[row.kind as OpenKind](said, row);
}
