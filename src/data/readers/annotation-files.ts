/** A person's own annotations: every JSON, JSON Lines, CSV, TSV, Excel and Parquet file in the folder, and texts that are lists of clips. */
import { baseName, extension, type FileEntry } from '../../io/files/files.ts';
import { refuseMistakenText } from '../../io/json/mistaken.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { isTableFile, type TableFile } from '../containers/open.ts';
import { fileIssue } from '../issues.ts';
import type { Beside, Entry } from '../known-entries.ts';
import type { LabelMap } from '../labels.ts';
import { readListText } from '../list-text.ts';
import { type ReadList, type ReadRows, relabelled, rowsOfEntries } from '../rows.ts';
import { splitOfName } from '../split-words.ts';
import type { AnnotationRow } from '../types.ts';
import { isAboutClips } from './about-clips.ts';
import { readDatasetInfo } from './dataset-info.ts';
import { rowsOfJsonLines } from './json-lines.ts';
import { rowsOfJson } from './r1-omni-json.ts';
import { csvOf, rowsOfSheets, sheetsOf } from './sheets.ts';
import { rowsOfTable } from './table.ts';

interface Format {
  readonly name: string;
  readonly read: (file: string, text: string, beside: Beside) => ReadList;
}

/** A list saved under the name of lines is read as that. */
function rowsOfLines(file: string, text: string, beside: Beside): ReadList {
  return (text.trimStart().startsWith('[') ? rowsOfJson : rowsOfJsonLines)(file, text, beside);
}

const TABLE: Format = { name: 'table', read: rowsOfTable };
const FORMATS: Readonly<Record<string, Format>> = {
  json: { name: 'JSON', read: rowsOfJson },
  jsonl: { name: 'JSON Lines', read: rowsOfLines },
  ndjson: { name: 'JSON Lines', read: rowsOfLines },
  csv: TABLE,
  tsv: TABLE,
  tab: TABLE,
};
/** Texts are read where they are lists, and are none of a person's mistakes where they are not. */
const TEXTS = ['txt', 'lst', 'list'];
/** A folder with more of them holds transcripts. */
const MOST_TEXTS = 50;
/** Tables that other programs write and that are not read here. */
const OTHER_TABLES = ['xls', 'ods', 'numbers', 'arrow', 'feather'];

export interface Annotations extends ReadRows {
  /** Names of the formats that had any row, and which columns were taken. */
  readonly format: string;
  /** Files that may say what clips show, and could not be read. */
  readonly unread: readonly string[];
}

/** Rows of the annotations among `files`. `texts`: whether texts may be lists, too. */
export async function readAnnotationFiles(
  files: readonly FileEntry[],
  ownLabels: LabelMap,
  { beside: around, texts }: { readonly beside: Beside; readonly texts: boolean },
): Promise<Annotations> {
  const info = await readDatasetInfo(files);
  const beside = { ...around, described: info.described };
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [...info.issues];
  const formats = new Set<string>();
  const unread: string[] = [];
  let met = 0;
  for (const file of listsAmong(info.files, texts)) {
    const read = await readOne(file, beside);
    met += read.met;
    if (read.rows.length > 0) formats.add(read.format);
    if (read.isUnread) unread.push(file.path);
    for (const row of read.rows) rows.push(relabelled(row, ownLabels));
    for (const issue of read.issues) issues.push(issue);
  }
  return { rows: splitByName(rows), issues, met, format: [...formats].join(', '), unread };
}

function listsAmong(files: readonly FileEntry[], texts: boolean): FileEntry[] {
  const isText = ({ path }: FileEntry) => TEXTS.includes(extension(path));
  const withTexts = texts && files.filter(isText).length <= MOST_TEXTS;
  const known = (file: FileEntry) => Object.hasOwn(FORMATS, extension(file.path));
  return files.filter(
    (file) =>
      known(file) ||
      isTableFile(file) ||
      isWorkbook(file) ||
      OTHER_TABLES.includes(extension(file.path)) ||
      (withTexts && isText(file)),
  );
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

interface ReadFile extends ReadRows {
  readonly format: string;
  readonly isUnread: boolean;
}

async function readOne(file: FileEntry, beside: Beside): Promise<ReadFile> {
  const kind = extension(file.path);
  const format = FORMATS[kind] ?? TABLE;
  const nothing = { rows: [], issues: [], met: 0, format: format.name, isUnread: false };
  if (OTHER_TABLES.includes(kind))
    return { ...nothing, issues: [otherTable(file.path, kind)], isUnread: true };
  let text: string | undefined;
  try {
    if (isTableFile(file)) return named('Parquet', await rowsOfTableFile(file, beside));
    if (isWorkbook(file)) {
      const sheets = await sheetsOf(file);
      text = csvOf(sheets);
      return named('Excel', rowsOfSheets(file.path, sheets, beside));
    }
    const list = await readListText(file);
    text = list.text;
    refuseMistakenText(text, file.path);
    const read = format.read(file.path, text, beside);
    return named(format.name, read, list.encoding);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (TEXTS.includes(kind)) return nothing;
    const isUnread = text === undefined || isAboutClips(file.path, text, beside);
    return { ...nothing, issues: [fileIssue(file.path, error)], isUnread };
  }
}

/** A list that was read, under the name of its form and format. */
function named(format: string, read: ReadList, encoding?: string): ReadFile {
  const name = read.form === undefined ? format : `${read.form} ${format}`;
  const said = [encoding ? `in ${encoding}` : '', read.taken].filter(Boolean).join('; ');
  return { ...read, format: said === '' ? name : `${name} (${said})`, isUnread: false };
}

/** Not what Excel leaves beside one that is open. */
const isWorkbook = ({ path }: FileEntry): boolean =>
  extension(path) === 'xlsx' && !baseName(path).startsWith('~$');

/** Rows of a table that is no text: as those of a JSON list. */
async function rowsOfTableFile(file: TableFile, beside: Beside): Promise<ReadList> {
  const items = await file.items();
  return rowsOfEntries(
    file.path,
    items.map((item, index): Entry => ({ row: index + 1, item })),
    beside,
  );
}

function otherTable(file: string, kind: string): DataIssue {
  return {
    reason: 'file unreadable',
    file,
    message: `${file}: a table as .${kind}, which is not read; expected .csv, .tsv, .json or .jsonl.`,
    hint: 'Save it as CSV (UTF-8) beside the clips, or take it out of the folder if it says nothing about them.',
  };
}
