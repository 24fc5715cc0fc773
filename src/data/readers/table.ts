import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { squeezed } from '../column-names.ts';
import { type CsvRecord, parseCsv } from '../csv.ts';
import { ANSWER_NAMES, LABEL_NAMES_OF_ANSWERS, NUMBER_NAMES } from '../entry/answers.ts';
import { QUESTION_NAMES } from '../entry/asked.ts';
import type { Beside, Entry } from '../known-entries.ts';
import { LABEL_KEYS, PATH_KEYS, type ReadList, rowsOfEntries } from '../rows.ts';
import { bareEntries } from './bare-list.ts';

/** Rows of CSV or TSV with a header that names a path and a label column, or of a list of clips and labels without one, or, without clips, of a question and an answer; 'split' and 'speaker' are read too. */
export const rowsOfTable = (file: string, text: string, beside: Beside): ReadList =>
  rowsOfRecords(file, parseCsv(text), beside);

/** The same of the cells of a table. @throws InputError where it is no list */
export function rowsOfRecords(file: string, all: readonly CsvRecord[], beside: Beside): ReadList {
  const bare = bareEntries(file, all.filter(isWhole), beside);
  const header = bare ? undefined : all[0];
  const records = bare ? all : all.slice(1);
  if (records.length === 0) {
    throw new InputError(`${file}: found no row below the header; expected one for each clip.`, {
      hint: 'Fill the list, or take it out of the folder.',
    });
  }
  const read = rowsOfEntries(file, bare ?? headedEntries(header, records.filter(isWhole)), beside);
  const names = header?.cells.map(keyOf) ?? [];
  const has = (known: readonly string[]): boolean => names.some((name) => known.includes(squeezed(name)));
  const asks =
    !beside.clips &&
    (has(QUESTION_NAMES) || read.moved.question !== undefined) &&
    (has([...ANSWER_NAMES, ...NUMBER_NAMES, ...LABEL_NAMES_OF_ANSWERS]) || read.moved.answer !== undefined);
  if (read.rows.length === 0 && !asks && !(read.hasPath && read.hasLabel)) {
    throw new InputError(
      `${file}: the header ${JSON.stringify(header?.cells ?? [])} names no path or no label column.`,
      {
        hint: `Call them "path" and "label" (${[...PATH_KEYS, ...LABEL_KEYS].join(', ')} are understood); of a set without clips, "question" and "answer".`,
      },
    );
  }
  const open = records.filter((record) => !isWhole(record)).map(({ line }) => openQuote(file, line));
  return { ...read, issues: [...open, ...read.issues], met: read.met + open.length };
}

const isWhole = ({ openQuote }: CsvRecord): boolean => !openQuote;

const keyOf = (cell: string): string => cell.toLowerCase().replaceAll(' ', '_');

function headedEntries(header: CsvRecord | undefined, records: readonly CsvRecord[]): Entry[] {
  const names = header?.cells.map(keyOf) ?? [];
  return records.map(({ line, cells }) => ({
    row: line,
    item: Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ''])),
  }));
}

function openQuote(file: string, row: number): DataIssue {
  const reason = 'row malformed';
  const message = `${file}: the quote that opens a cell in line ${row} is never closed.`;
  const hint =
    'The row was left out. Close or remove that quote; a quote inside a cell is written twice ("").';
  return { reason, file, row, message, hint };
}
