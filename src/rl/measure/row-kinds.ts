/** How the answers of a data set are scored: as a closed set of labels, or each row by its kind. Pure. */
import type { Example } from '../../data/types.ts';
import { InputError } from '../../math/errors.ts';
import { median } from '../../math/stats.ts';
import type { Config } from '../../protocol/config.ts';
import type { EvalKind } from '../../protocol/eval-kinds.ts';
import {
  bareNumber,
  bareSpan,
  isBracketed,
  readItems,
  readOption,
  readYesNo,
} from '../../rewards/readings.ts';
import { columnOf, optionsOrNone } from '../../rewards/row-options.ts';

/** What a data set's row is to scoring. */
export type AskedRow = Pick<Example, 'id' | 'label' | 'question' | 'columns'>;

/** A row whose answer is no label of a closed set. */
export interface ScoredRow {
  readonly kind: EvalKind;
  /** The right answer. */
  readonly gold: string;
  /** Of multiple choice, as the row writes them; none where it lists none. */
  readonly options: readonly string[];
  /** What else the data says of the row, which rewards may read. */
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** Labels that answers may name, or how each row is scored. */
export type Scoring =
  | { readonly labels: readonly string[] }
  | { readonly rowOf: (row: AskedRow) => ScoredRow };

/** What a row writes as its kind (column problem_type of Video-R1 and HumanOmniV2, and its like), without marks and case. */
const TYPES: Readonly<Record<string, EvalKind>> = {
  'multiple choice': 'choice',
  'multiple choice question': 'choice',
  mcq: 'choice',
  choice: 'choice',
  numerical: 'number',
  number: 'number',
  math: 'number',
  ocr: 'wer',
  asr: 'wer',
  transcription: 'wer',
  'free form': 'rouge_l',
  'open ended': 'rouge_l',
  caption: 'rouge_l',
  regression: 'regression',
  'emer ov': 'set_f1',
  'emer ov mc': 'set_f1',
  'multi label': 'set_f1',
  judge: 'yes_no',
  'yes no': 'yes_no',
  grounding: 'span_iou',
  'temporal grounding': 'span_iou',
};
const TYPE_COLUMNS = ['problem_type', 'question_type', 'answer_type'];

function typeOf({ columns }: AskedRow): EvalKind | undefined {
  for (const column of TYPE_COLUMNS) {
    const written = columns && columnOf(columns, [column]);
    const plain =
      typeof written === 'string'
        ? written
            .toLowerCase()
            .replaceAll(/[\s_-]+/g, ' ')
            .trim()
        : '';
    if (Object.hasOwn(TYPES, plain)) return TYPES[plain];
  }
  return undefined;
}

/** The letters of a list such as "B" or "A,C"; null for anything else. */
const lettersOf = (text: string): string[] | null =>
  /^\s*[A-H](\s*,\s*[A-H])*\s*$/.test(text) ? text.split(',').map((letter) => letter.trim()) : null;

/** What a row says of itself; undefined where it says nothing that its answer bears out. */
function ownKind(row: AskedRow): EvalKind | undefined {
  const options = optionsOrNone(row.columns ?? {});
  const said = typeOf(row) ?? (options.length > 0 ? 'choice' : undefined);
  const several = said === 'choice' && (lettersOf(row.label)?.length ?? 0) > 1;
  const kind = several ? 'set_f1' : said;
  return kind !== undefined && isReadable(kind, row.label, options) ? kind : undefined;
}

/** Whether the right answer is one of that kind: against another nothing could be scored. */
export function isReadable(kind: EvalKind, gold: string, options: readonly string[]): boolean {
  if (kind === 'number' || kind === 'regression') return bareNumber(gold) !== null;
  if (kind === 'span_iou') return bareSpan(gold) !== null;
  if (kind === 'choice') return readOption(gold, options) !== null;
  if (kind === 'yes_no') return readYesNo(gold) !== null;
  if (kind === 'set_f1') return readItems(gold).length > 0;
  return true;
}

/** Distinct answers that a closed set has, at most. */
export const MOST_LABELS = 100;
/** Of one question that all rows are asked, so many answers are its classes even where each has few rows. */
const FEW_LABELS = 12;
/** Rows of an answer on average, without which answers are not shared but each row's own. */
const ROWS_PER_LABEL = 2;
/** Words of a label, at most: longer answers are free text. */
const LABEL_WORDS = 4;

const wordsIn = (text: string): number => text.trim().split(/\s+/).length;

/**
 * Whether answers are a closed set of labels: at most 100 distinct ones of at most 4 words, each of two rows or more on
 * average; where all rows are asked the same, up to 12 however many rows they have. No row may say another kind of itself.
 */
export function isClosedSet(rows: readonly AskedRow[]): boolean {
  const labels = new Set(rows.map(({ label }) => label));
  if (labels.size > MOST_LABELS || [...labels].some((label) => wordsIn(label) > LABEL_WORDS)) return false;
  if (rows.some((row) => ownKind(row) !== undefined)) return false;
  const asked = new Set(rows.map(({ question }) => question));
  return rows.length >= ROWS_PER_LABEL * labels.size || (asked.size <= 1 && labels.size <= FEW_LABELS);
}

/** Words of an answer from which on free text is compared by its words rather than as a whole. */
const FREE_TEXT_WORDS = 8;

/** The kind of answers by their form: all numbers, all spans, lists of shared items, or long texts; else they are compared as they are. */
export function kindByForm(answers: readonly string[]): EvalKind {
  if (answers.length === 0) return 'exact';
  if (answers.every((answer) => bareNumber(answer) !== null)) return 'number';
  if (answers.every((answer) => bareSpan(answer) !== null)) return 'span_iou';
  if (areLists(answers)) return 'set_f1';
  return median(answers.map(wordsIn)) >= FREE_TEXT_WORDS ? 'rouge_l' : 'exact';
}

/** Lists in brackets; or most with several items of few words, an item standing in two answers or more on average. */
function areLists(answers: readonly string[]): boolean {
  if (answers.every(isBracketed)) return true;
  const lists = answers.map(readItems);
  const items = lists.flat();
  return (
    2 * lists.filter((list) => list.length > 1).length > lists.length &&
    items.every((item) => wordsIn(item) < LABEL_WORDS) &&
    items.length >= 2 * new Set(items).size
  );
}

/** How a data set's answers are scored. @throws InputError where the setting names labels, and there are too many */
export function scoringOf(rows: readonly AskedRow[], metric: Config['evalMetric']): Scoring {
  if (metric === 'labels' || (metric === 'auto' && isClosedSet(rows))) return { labels: labelsOf(rows) };
  const scored = (row: AskedRow, kind: EvalKind): ScoredRow => {
    const { label: gold, columns = {} } = row;
    const options = optionsOrNone(columns);
    return { kind: isReadable(kind, gold, options) ? kind : 'exact', gold, options, columns };
  };
  if (metric !== 'auto') return { rowOf: (row) => scored(row, metric) };
  const silent = rows.filter((row) => ownKind(row) === undefined);
  const byForm = kindByForm(silent.map(({ label }) => label));
  return { rowOf: (row) => scored(row, ownKind(row) ?? byForm) };
}

/** Labels of which a table of confusions can still be made. */
const MOST_CONFUSED = 1000;

function labelsOf(rows: readonly AskedRow[]): string[] {
  const labels = [...new Set(rows.map(({ label }) => label))];
  if (labels.length <= MOST_CONFUSED) return labels;
  throw new InputError(
    `evalMetric is labels, but the rows have ${labels.length} different answers; expected at most ${MOST_CONFUSED}.`,
    { hint: 'Set evalMetric to auto, or to how such an answer is scored (exact, contains, rouge_l …).' },
  );
}
