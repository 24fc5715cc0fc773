/**
 * The MER challenges. Their lists of one word a clip are read as any list, but for two kinds:
 *   train-label.csv, test1-label.csv …            name,discrete,valence: clips of one name lie in the folders train, test1 … (MER2023)
 *   check-openset.csv, track2_train_ovmerd.csv …  name,openset: several words, "['excited', 'joyful']" (MER2024, MER2025)
 */
import { baseName, type FileEntry } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { bestFirst } from '../clip-index.ts';
import { squeezed } from '../column-names.ts';
import { parseCsv } from '../csv.ts';
import { fileIssue } from '../issues.ts';
import { labelKey } from '../labels.ts';
import { listText } from '../list-text.ts';
import type { ReadRows } from '../rows.ts';
import { splitOfName } from '../split-words.ts';
import type { AnnotationRow } from '../types.ts';
import { mergeRows, type Reader, type Source } from './reader.ts';

const BY_FOLDER = /(?:^|\/)(?<folder>train|test[1-3])-label\.csv$/i;
const OPEN_SET = /(?:^|\/)(?:check-openset|track2_train_\w+)\.csv$/i;

export const mer2023: Reader = listReader('MER2023', BY_FOLDER, 'discrete', (label) => label);
export const merOpenSet: Reader = listReader('MER, open set', OPEN_SET, 'openset', (written) =>
  written
    .split(/[[\]'",]+/)
    .map((word) => word.trim())
    .filter(Boolean)
    .join(', '),
);

function listReader(name: string, list: RegExp, column: string, wordOf: (written: string) => string): Reader {
  return {
    name,
    recognises: ({ tree }) => tree.files.some(({ path }) => list.test(path)),
    owns: (path) => list.test(path),
    async read(source) {
      const files = source.tree.files.filter(({ path }) => list.test(path));
      const find = clipFinder(source);
      const read = files.map((file) => readList(file, { column, wordOf, find, ownLabels: source.ownLabels }));
      return mergeRows(await Promise.all(read));
    },
  };
}

/** The clip of a name, in the folder that its list is named after where there is one; else the name itself. */
function clipFinder({ clips }: Source): (name: string, list: string) => string {
  const stem = (path: string) =>
    baseName(path)
      .replace(/\.\w+$/, '')
      .toLowerCase();
  // The best last: it is kept of a clip in several files.
  const ordered = bestFirst([...clips.files.keys()]).reverse();
  const places = new Map(
    ordered.flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((folder) => [`${folder.toLowerCase()}/${stem(path)}`, path] as const),
    ),
  );
  return (name, list) => {
    const folder = BY_FOLDER.exec(list)?.groups?.folder?.toLowerCase();
    return places.get(`${folder}/${stem(`${name}.mp4`)}`) ?? name;
  };
}

interface Context extends Pick<Source, 'ownLabels'> {
  readonly column: string;
  readonly wordOf: (written: string) => string;
  readonly find: (name: string, list: string) => string;
}

async function readList(entry: FileEntry, context: Context): Promise<ReadRows> {
  const file = entry.path;
  try {
    const [header, ...records] = parseCsv(await listText(entry));
    const names = (header?.cells ?? []).map(squeezed);
    const [nameAt, labelAt] = [names.indexOf('name'), names.indexOf(context.column)];
    if (nameAt < 0 || labelAt < 0) {
      throw new InputError(
        `${file}: the header ${JSON.stringify(header?.cells ?? [])} names no "name" or no "${context.column}".`,
        { hint: 'Take the list as it was published.' },
      );
    }
    const rows: AnnotationRow[] = [];
    const issues: DataIssue[] = [];
    for (const { line, cells } of records) {
      const read = rowOf(file, line, { name: cells[nameAt] ?? '', written: cells[labelAt] ?? '' }, context);
      if ('reason' in read) issues.push(read);
      else rows.push(read);
    }
    return { rows, issues, met: records.length };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { rows: [], issues: [fileIssue(file, error)], met: 0 };
  }
}

function rowOf(
  file: string,
  row: number,
  { name, written }: { readonly name: string; readonly written: string },
  { wordOf, find, ownLabels }: Context,
): AnnotationRow | DataIssue {
  const word = wordOf(written);
  if (name === '' || word === '') {
    const message = `Expected the name of a clip and a label, found "${name}" and "${written}".`;
    return { reason: 'row malformed', file, row, message, hint: 'The row was skipped.' };
  }
  const label = ownLabels.get(labelKey(word)) ?? word;
  const said = { label, writtenLabel: written, question: null, answer: label, speaker: null };
  return { file, row, media: [{ path: find(name, file) }], ...said, split: splitOfName(file) };
}
