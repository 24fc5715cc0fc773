/** Workbooks of Excel (.xlsx): every sheet is a table. */
import type { FileEntry } from '../../io/files/files.ts';
import { reading } from '../../io/files/unreadable.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import type { CsvRecord } from '../csv.ts';
import type { Beside } from '../known-entries.ts';
import type { ReadList } from '../rows.ts';
import { rowsOfRecords } from './table.ts';
import { withVotedWords } from './votes.ts';

export interface Sheet {
  readonly name: string;
  /** Its rows that are not empty, with their numbers from 1. */
  readonly records: readonly CsvRecord[];
}

/** @throws InputError for what is no workbook */
export async function sheetsOf(file: FileEntry): Promise<Sheet[]> {
  const blob = await reading(file.path, () => file.blob());
  const { default: readWorkbook } = await import('read-excel-file/universal');
  try {
    const sheets = await readWorkbook(blob);
    return sheets.map(({ sheet, data }) => ({
      name: sheet,
      records: data.flatMap((cells, index): CsvRecord[] => {
        const texts = cells.map(textOf);
        return texts.every((text) => text === '') ? [] : [{ line: index + 1, cells: texts }];
      }),
    }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(
      `${file.path}: found what is no whole workbook of Excel (${reason}), expected one.`,
      {
        hint: 'Save it again as .xlsx, or as CSV (UTF-8); of one with a password, without it.',
        cause,
      },
    );
  }
}

function textOf(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  return cell instanceof Date ? cell.toISOString() : String(cell).trim();
}

/** All cells as CSV, for who looks at what a workbook is about. */
export const csvOf = (sheets: readonly Sheet[]): string =>
  sheets
    .flatMap(({ records }) => records)
    .map(({ cells }) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\n');

/**
 * Rows of every sheet that is a list of clips or questions; sheets that are none are passed over where another one is.
 * @throws InputError where none is, as of the first
 */
export function rowsOfSheets(file: string, all: readonly Sheet[], beside: Beside): ReadList {
  const sheets = all.filter(({ records }) => records.length > 0);
  const read: ReadList[] = [];
  let refused: unknown;
  for (const { name, records } of sheets) {
    try {
      read.push(rowsOfSheet(file, sheets.length > 1 ? `${file} (${name})` : file, { records, beside }));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused ??= error;
    }
  }
  const [first] = read;
  if (first) {
    return {
      ...first,
      rows: read.flatMap(({ rows }) => rows),
      issues: read.flatMap(({ issues }) => issues),
      met: read.reduce((sum, { met }) => sum + met, 0),
    };
  }
  throw (
    refused ??
    new InputError(`${file}: found no filled sheet; expected a header and a row for each clip.`, {
      hint: 'Fill it, or take it out of the folder.',
    })
  );
}

function rowsOfSheet(
  file: string,
  label: string,
  { records, beside }: { readonly records: readonly CsvRecord[]; readonly beside: Beside },
): ReadList {
  const voted = withVotedWords(label, records);
  const read = rowsOfRecords(label, voted.records, beside);
  const undecided: DataIssue = {
    reason: 'raters disagree',
    file,
    message: `${label}: ${voted.undecided} rows have no single label (0).`,
    hint: 'They were left out.',
  };
  return {
    ...read,
    issues: [...(voted.undecided > 0 ? [undecided] : []), ...read.issues],
    met: read.met + voted.undecided,
  };
}
