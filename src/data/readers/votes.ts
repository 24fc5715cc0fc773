/** Tables of raters' votes: a column for each emotion, and one with the number of the emotion that has most (DFEW, MAFW). */
import { InputError } from '../../math/errors.ts';
import type { CsvRecord } from '../csv.ts';
import { emotionOf } from '../emotion-words.ts';

/** Fewer columns of emotions are no votes. */
const FEWEST = 5;
/** The share of rows whose number must be that of the column with most votes. */
const MOST = 0.9;
/** Numbers that stand for no label: raters did not agree. */
const NO_LABEL = '0';

export interface Voted {
  readonly records: readonly CsvRecord[];
  /** Rows that their raters gave no single label. */
  readonly undecided: number;
}

/**
 * The table with words in place of the numbers, without the columns of votes. Number k is the k-th column's word only where
 * the votes say so; itself where it has no such columns. @throws InputError for numbers that the votes do not bear out
 */
export function withVotedWords(file: string, records: readonly CsvRecord[]): Voted {
  const [header, ...rows] = records;
  const votes = voteColumns(header?.cells ?? []);
  const label = votes && numberColumn(votes, header!.cells, rows);
  if (!header || !votes || label === undefined) return { records, undecided: 0 };
  const numbered = rows.filter(({ cells }) => (cells[label] ?? '') !== '' && cells[label] !== NO_LABEL);
  const agreed = numbered.filter(({ cells }) => mostVoted(cells, votes).includes(Number(cells[label])));
  if (agreed.length < numbered.length * MOST) {
    throw new InputError(
      `${file}: the column "${header.cells[label]}" holds numbers, and only in ${agreed.length} of ${numbered.length} rows that of the column with most votes; expected a word for each.`,
      { hint: 'Write the labels as words.' },
    );
  }
  const without = (cells: readonly string[]) => cells.filter((_, at) => !votes.includes(at));
  const word = (number: string) => emotionOf(header.cells[votes[Number(number) - 1]!]!)!;
  const named = numbered.map(({ line, cells }) => ({
    line,
    cells: without(cells.map((cell, at) => (at === label ? word(cell) : cell))),
  }));
  const names = header.cells.map((cell, at) => (at === label ? 'label' : cell));
  return {
    records: [{ line: header.line, cells: without(names) }, ...named],
    undecided: rows.length - numbered.length,
  };
}

/** The longest run of columns that are all named after emotions. */
function voteColumns(names: readonly string[]): readonly number[] | undefined {
  let best: number[] = [];
  let run: number[] = [];
  names.forEach((name, at) => {
    run = emotionOf(name) === undefined ? [] : [...run, at];
    if (run.length > best.length) best = run;
  });
  return best.length < FEWEST ? undefined : best;
}

/** The last column with nothing but numbers up to that of the emotions. */
function numberColumn(
  votes: readonly number[],
  names: readonly string[],
  rows: readonly CsvRecord[],
): number | undefined {
  const isCode = (cell = '') => cell === '' || (/^\d{1,2}$/.test(cell) && Number(cell) <= votes.length);
  const place = names.findLastIndex(
    (_, at) =>
      !votes.includes(at) &&
      rows.some(({ cells }) => cells[at]) &&
      rows.every(({ cells }) => isCode(cells[at])),
  );
  return place < 0 ? undefined : place;
}

/** Numbers, from 1, of the columns that no other one outvotes. */
function mostVoted(cells: readonly string[], votes: readonly number[]): number[] {
  const counts = votes.map((at) => Number(cells[at] ?? 0));
  const most = Math.max(...counts);
  return counts.flatMap((count, i) => (count === most ? [i + 1] : []));
}
