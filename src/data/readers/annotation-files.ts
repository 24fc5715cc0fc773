/** A person's own annotations: every JSON, JSON Lines, CSV and TSV file in the folder. */
import { extension, type FileEntry } from '../../io/files/files.ts';
import { refuseMistakenText } from '../../io/json/mistaken.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { fileIssue } from '../issues.ts';
import type { LabelMap } from '../labels.ts';
import { listText } from '../list-text.ts';
import { type Beside, type ReadRows, relabelled, splitOfName } from '../rows.ts';
import type { AnnotationRow } from '../types.ts';
import { rowsOfJsonLines } from './json-lines.ts';
import { rowsOfJson } from './r1-omni-json.ts';
import { rowsOfTable } from './table.ts';

interface Format {
  readonly name: string;
  readonly read: (file: string, text: string, beside: Beside) => ReadRows;
}

const TABLE: Format = { name: 'table', read: rowsOfTable };
const FORMATS: Readonly<Record<string, Format>> = {
  json: { name: 'R1-Omni JSON', read: rowsOfJson },
  jsonl: { name: 'JSON Lines', read: rowsOfJsonLines },
  csv: TABLE,
  tsv: TABLE,
};

/** Rows of the annotations among `files`, and the names of the formats that had any. */
export async function readAnnotationFiles(
  files: readonly FileEntry[],
  ownLabels: LabelMap,
  beside: Beside,
): Promise<ReadRows & { readonly format: string }> {
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [];
  const formats = new Set<string>();
  let met = 0;
  for (const file of files) {
    const format = FORMATS[extension(file.path)];
    if (!format) continue;
    const read = await readOne(file, format, beside);
    met += read.met;
    if (read.rows.length > 0) formats.add(format.name);
    for (const row of read.rows) rows.push(relabelled(row, ownLabels));
    for (const issue of read.issues) issues.push(issue);
  }
  return { rows: splitByName(rows), issues, met, format: [...formats].join(', ') };
}

/**
 * Rows without a split get the one that their file is named after ('train.json', 'val.csv'). A 'train' file alone says
 * nothing: something has to be held out.
 */
function splitByName(rows: readonly AnnotationRow[]): readonly AnnotationRow[] {
  const named = new Map([...new Set(rows.map(({ file }) => file))].map((file) => [file, splitOfName(file)]));
  const isHeldOut = [...named.values()].some((split) => split === 'val' || split === 'test');
  return isHeldOut ? rows.map((row) => ({ ...row, split: row.split ?? named.get(row.file) ?? null })) : rows;
}

async function readOne(file: FileEntry, format: Format, beside: Beside): Promise<ReadRows> {
  try {
    const text = await listText(file);
    refuseMistakenText(text, file.path);
    return format.read(file.path, text, beside);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { rows: [], issues: [fileIssue(file.path, error)], met: 0 };
  }
}
