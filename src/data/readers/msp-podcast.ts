/**
 * MSP-Podcast: parts of podcasts with a letter for the emotion that most raters heard.
 *   Labels/labels_consensus.csv   FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set
 *   Labels/labels_consensus.json  the same, keyed by file
 * O (another emotion) and X (no agreement) are no labels.
 */
import { extension, type FileEntry } from '../../io/files/files.ts';
import { parseJson } from '../../io/json/json.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { squeezed } from '../column-names.ts';
import { textOf } from '../column-values.ts';
import { parseCsv } from '../csv.ts';
import { fileIssue } from '../issues.ts';
import { isRecord, type Json } from '../json-shapes.ts';
import { labelKey } from '../labels.ts';
import { listText } from '../list-text.ts';
import type { ReadRows } from '../rows.ts';
import { splitOfWord } from '../split-words.ts';
import type { AnnotationRow } from '../types.ts';
import { mergeRows, type Reader, type Source } from './reader.ts';

/** Some releases write the name with an "n". */
const LIST = /(?:^|\/)labels_con[sc]ensus\.(?:csv|json)$/i;
const WORDS: Readonly<Record<string, string>> = {
  A: 'angry',
  S: 'sad',
  H: 'happy',
  U: 'surprise',
  F: 'fear',
  D: 'disgust',
  C: 'contemptuous',
  N: 'neutral',
};
const NO_LABEL: Readonly<Record<string, string>> = { O: 'another emotion', X: 'no agreement' };

export const mspPodcast: Reader = {
  name: 'MSP-Podcast',
  recognises: ({ tree }) => tree.files.some(({ path }) => LIST.test(path)),
  owns: (path) => LIST.test(path),
  async read({ tree, ownLabels }) {
    const lists = tree.files.filter(({ path }) => LIST.test(path));
    const tables = lists.filter(({ path }) => extension(path) === 'csv');
    const read = (tables.length > 0 ? tables : lists).map((file) => readList(file, ownLabels));
    return mergeRows(await Promise.all(read));
  },
};

interface Entry {
  readonly row: number;
  readonly item: Json;
}

async function readList(file: FileEntry, ownLabels: Source['ownLabels']): Promise<ReadRows> {
  let entries: readonly Entry[];
  try {
    entries = entriesOf(file.path, await listText(file));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { rows: [], issues: [fileIssue(file.path, error)], met: 0 };
  }
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [];
  const none = new Map<string, number>();
  for (const { row, item } of entries) {
    const code = textOf(item.emoclass).toUpperCase();
    if (code === '' || Object.hasOwn(NO_LABEL, code)) {
      none.set(code, (none.get(code) ?? 0) + 1);
      continue;
    }
    const word = Object.hasOwn(WORDS, code) ? WORDS[code]! : undefined;
    const label = ownLabels.get(labelKey(code)) ?? (word && (ownLabels.get(word) ?? word));
    if (label === undefined) {
      const message = `${textOf(item.filename)}: the letter "${code}" stands for no emotion that is known.`;
      issues.push({ reason: 'label unknown', file: file.path, row, message, hint: 'The row was left out.' });
    } else rows.push(rowOf(file.path, row, { item, code, label }));
  }
  for (const [code, count] of none) issues.push(withoutLabel(file.path, code, count));
  return { rows, issues, met: entries.length };
}

function rowOf(
  file: string,
  row: number,
  { item, code, label }: { readonly item: Json; readonly code: string; readonly label: string },
): AnnotationRow {
  const speaker = textOf(item.spkrid);
  return {
    ...{ file, row, media: [{ path: textOf(item.filename) }], columns: item },
    ...{ label, writtenLabel: code, question: null, answer: label },
    speaker: speaker === '' || speaker.toLowerCase() === 'unknown' ? null : speaker,
    split: splitOfWord(textOf(item.splitset)),
  };
}

/** Rows of the table, or entries of the object by file, with keys as `squeezed` has them. */
function entriesOf(file: string, text: string): Entry[] {
  const named = (pairs: readonly (readonly [string, unknown])[]): Json =>
    Object.fromEntries(pairs.map(([name, value]) => [squeezed(name), value]));
  if (extension(file) === 'json') {
    const value = parseJson(text, file);
    const parts = isRecord(value) ? Object.entries(value) : [];
    return parts.map(([name, said], index) => ({
      row: index + 1,
      item: { ...named(Object.entries(isRecord(said) ? said : {})), filename: name },
    }));
  }
  const [header, ...records] = parseCsv(text);
  return records.map(({ line, cells }) => ({
    row: line,
    item: named((header?.cells ?? []).map((name, column) => [name, cells[column] ?? ''])),
  }));
}

const withoutLabel = (file: string, code: string, count: number): DataIssue => ({
  reason: code === '' ? 'label missing' : 'raters disagree',
  file,
  message: `${file}: ${count} rows have ${code === '' ? 'no label' : `the letter ${code} (${NO_LABEL[code]})`}.`,
  hint: 'They were left out.',
});
