import { InputError } from '../../math/errors.ts';
import { parseCsv } from '../csv.ts';
import { LABEL_KEYS, PATH_KEYS, type ReadRows, rowsOfEntries } from '../rows.ts';

/** Rows of CSV or TSV with a header that names a path and a label column; 'split' and 'speaker' are read too. */
export function rowsOfTable(file: string, text: string): ReadRows {
  const [header, ...records] = parseCsv(text, file);
  const names = header?.cells.map((cell) => cell.toLowerCase().replaceAll(' ', '_')) ?? [];
  if (!PATH_KEYS.some((key) => names.includes(key)) || !LABEL_KEYS.some((key) => names.includes(key))) {
    throw new InputError(
      `${file}: the header ${JSON.stringify(header?.cells ?? [])} names no path or no label column.`,
      {
        hint: `Call them "path" and "label" (${[...PATH_KEYS, ...LABEL_KEYS].join(', ')} are understood).`,
      },
    );
  }
  const entries = records.map(({ line, cells }) => ({
    row: line,
    item: Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ''])),
  }));
  return rowsOfEntries(file, entries);
}
