import { InputError } from '../../math/errors.ts';
import { parseCsv } from '../csv.ts';
import { type Beside, LABEL_KEYS, PATH_KEYS, type ReadRows, rowsOfEntries } from '../rows.ts';
import { ANSWER_KEYS, QUESTION_KEYS } from '../text-rows.ts';

/**
 * Rows of CSV or TSV with a header that names a path and a label column, or, without clips, a question and an answer; 'split' and
 * 'speaker' are read too.
 */
export function rowsOfTable(file: string, text: string, beside: Beside): ReadRows {
  const [header, ...records] = parseCsv(text, file);
  const names = header?.cells.map((cell) => cell.toLowerCase().replaceAll(' ', '_')) ?? [];
  const has = (keys: readonly string[]): boolean => keys.some((key) => names.includes(key));
  const asks = !beside.clips && has(QUESTION_KEYS) && has(ANSWER_KEYS);
  if (!asks && !(has(PATH_KEYS) && has(LABEL_KEYS))) {
    throw new InputError(
      `${file}: the header ${JSON.stringify(header?.cells ?? [])} names no path or no label column.`,
      {
        hint: `Call them "path" and "label" (${[...PATH_KEYS, ...LABEL_KEYS].join(', ')} are understood); of a set without clips, "question" and "answer".`,
      },
    );
  }
  const entries = records.map(({ line, cells }) => ({
    row: line,
    item: Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ''])),
  }));
  return rowsOfEntries(file, entries, beside);
}
