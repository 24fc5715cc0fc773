/** Answers that name an option by its number → by its letter. Where a list does not show from which number it counts, it is asked. */
import type { Ask } from '../protocol/reading.ts';
import { Fields } from './entry/fields.ts';
import { countedIn, optionsIn } from './entry/options.ts';
import type { HowRead } from './how-read.ts';
import type { AnnotationRow } from './types.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** '1. Sad', '(2) Sad': such an option has its number itself. */
const NUMBERED = /^\s*\(?\d+\s*[.):．、：]/;

/** A row whose answer may be the number of an option. */
interface Numbered {
  readonly row: AnnotationRow;
  readonly number: number;
  readonly options: number;
  /** The number of the first option, where its columns say it. */
  readonly from: number | undefined;
}

/** The rows of one list with letters in the place of numbers. */
export function withOptionLetters(rows: readonly AnnotationRow[], how: HowRead): readonly AnnotationRow[] {
  const numbered = rows.map(numberedOf);
  const known = numbered.filter((one) => one !== undefined);
  if (known.length === 0) return rows;
  // Of a list that has other answers, too, numbers are none of options.
  const asking = rows.filter((row) => optionsOfRow(row) !== undefined);
  if (known.length < asking.length) return rows;
  const from = firstNumber(known, how);
  if (from === undefined) return rows;
  return rows.map((row, i) => {
    const one = numbered[i];
    return one === undefined ? row : lettered(row, LETTERS[one.number - from]!);
  });
}

const optionsOfRow = ({ columns, question }: AnnotationRow): readonly string[] | undefined =>
  columns === undefined || question === null ? undefined : optionsIn(new Fields(columns));

function numberedOf(row: AnnotationRow): Numbered | undefined {
  const options = /^\d{1,2}$/.test(row.label) ? optionsOfRow(row) : undefined;
  if (options === undefined || options.length > LETTERS.length) return undefined;
  if (options.some((option) => NUMBERED.test(option) || option.trim() === row.label)) return undefined;
  const counted = countedIn(new Fields(row.columns!));
  return { row, number: Number(row.label), options: options.length, from: counted?.from };
}

/** The number of the first option: by the columns' names, by answers that fit one way only, else as it is asked. */
function firstNumber(rows: readonly Numbered[], how: HowRead): number | undefined {
  const fits = (from: number) =>
    rows.every(({ number, options }) => number >= from && number < options + from);
  const said = rows[0]!.from;
  if (said !== undefined && fits(said) && rows.every(({ from }) => from === said)) return said;
  const [fromZero, fromOne] = [fits(0), fits(1)];
  if (fromZero !== fromOne) return fromZero ? 0 : 1;
  return fromZero ? Number(how.put(numberAsk(rows)) ?? 0) : undefined;
}

function numberAsk(rows: readonly Numbered[]): Ask {
  const { row, number } = rows[0]!;
  const options = optionsOfRow(row)!;
  return {
    what: 'options',
    question: `Answers are numbers of options, and ${row.file} does not show from which they count. Is the first option 0 or 1?`,
    choices: [0, 1].map((from) => ({
      choice: String(from),
      rows: rows.length,
      example: `${number} is "${options[number - from]}"`,
    })),
  };
}

/** The letter stands in the answer's tags, too. */
function lettered(row: AnnotationRow, letter: string): AnnotationRow {
  const answer = row.answer === row.label ? letter : row.answer.replace(`>${row.label}<`, `>${letter}<`);
  return { ...row, label: letter, answer };
}
