import { baseName, extension, type FileEntry, type FileTree } from '../io/files.ts';
import { InputError } from '../math/errors.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { type Clip, ClipIndex, isImage } from './clip-index.ts';
import { type RowsOfFile, rowsOfCsv, rowsOfJson, rowsOfJsonl, splitOfName } from './rows.ts';
import { assignSplits } from './split.ts';
import type { AnnotationRow, Dataset, Example } from './types.ts';

const READERS: Readonly<Record<string, (file: string, text: string) => RowsOfFile>> = {
  json: rowsOfJson,
  jsonl: rowsOfJsonl,
  csv: rowsOfCsv,
  tsv: rowsOfCsv,
};

export interface ReadOptions {
  /** For the seeded split of a data set that brings none. */
  readonly seed: number;
  /** Share held out for validation when the data set brings no split. Default 0.2. */
  readonly valFraction?: number;
}

/**
 * A dropped folder → examples. Annotations are every JSON, JSONL, CSV and TSV file in it; a folder without any row in
 * them is read as a folder per class. Bad rows become issues and never stop the rest.
 */
export async function readDataset(tree: FileTree, options: ReadOptions): Promise<Dataset> {
  const clips = new ClipIndex(tree);
  const issues: DataIssue[] = [];
  const read: RowsOfFile[] = [];
  for (const file of tree.files) {
    const reader = READERS[extension(file.path)];
    if (!reader) continue;
    try {
      read.push(reader(file.path, await (await file.blob()).text()));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push({ file: file.path, message: error.message, hint: error.hint });
    }
  }
  let rows = read.flatMap((part) => part.rows);
  let format = [...new Set(read.filter((part) => part.rows.length > 0).map((part) => part.format))].join(
    ', ',
  );
  let met = read.reduce((total, part) => total + part.met, 0);
  issues.push(...read.flatMap((part) => part.issues));
  if (met === 0) {
    rows = rowsOfFolders(clips);
    met = rows.length;
    format = 'a folder per class';
  }
  const matched = await matchRows(rows, clips, issues);
  if (matched.length === 0 && issues.length === 0) {
    issues.push({
      file: tree.name,
      message: `${tree.files.length} files, but no annotation and no folder per class with clips in it.`,
      hint: 'Drop the folder that holds both the clips and their JSON or CSV file.',
    });
  }
  const examples = assignSplits(matched, options.seed, options.valFraction ?? 0.2);
  return { name: tree.name, examples, issues, rows: met, format };
}

/** label/clip.mp4, or split/label/clip.mp4. A folder of pictures one level below its label is one clip. */
function rowsOfFolders(clips: ClipIndex): AnnotationRow[] {
  const all = clips.all();
  const imageFolders = new Set(
    all.filter((clip) => clip.files[0]?.path !== clip.path).map((clip) => clip.path),
  );
  const rows: AnnotationRow[] = [];
  for (const clip of all) {
    const parts = clip.path.split('/');
    const isDeep = (clip.files[0]?.path ?? '').split('/').length > 2;
    const split = isDeep ? splitOfName(parts[0]!) : null;
    const [label, ...inside] = split === null ? parts : parts.slice(1);
    const holder = clip.path.slice(0, clip.path.lastIndexOf('/'));
    const isPartOfClip = isImage(clip.path) && imageFolders.has(holder) && inside.length > 1;
    const isLabelFolder = inside.length === 0;
    if (label === undefined || isPartOfClip || isLabelFolder) continue;
    rows.push({ file: clip.path, path: clip.path, label, question: null, answer: label, split });
  }
  return rows;
}

type Unassigned = Omit<Example, 'split'> & { readonly split: Example['split'] | null };

/** Rows with a clip, each once; what has none, is empty or repeats another becomes an issue. */
async function matchRows(
  rows: readonly AnnotationRow[],
  clips: ClipIndex,
  issues: DataIssue[],
): Promise<Unassigned[]> {
  const empty = await emptyFiles(clips);
  const seen = new Map<string, AnnotationRow>();
  const uses = new Map<string, number>();
  const examples: Unassigned[] = [];
  for (const row of rows) {
    const clip = clipOf(row, clips, empty);
    if ('message' in clip) {
      issues.push({ file: row.file, row: row.row, ...clip });
      continue;
    }
    const repeat = duplicateOf(row, clip.path, seen);
    if (repeat) {
      issues.push({ file: row.file, row: row.row, ...repeat });
      continue;
    }
    const count = (uses.get(clip.path) ?? 0) + 1;
    uses.set(clip.path, count);
    const { label, question, answer, split } = row;
    examples.push({
      id: count === 1 ? clip.path : `${clip.path}#${count}`,
      path: clip.path,
      files: clip.files,
      label,
      question,
      answer,
      split,
    });
  }
  return examples;
}

type Problem = Pick<DataIssue, 'message' | 'hint'>;

function clipOf(row: AnnotationRow, clips: ClipIndex, empty: ReadonlySet<FileEntry>): Clip | Problem {
  const match = clips.find(row.path);
  if (match.kind === 'missing') {
    return {
      message: `The clip ${row.path} is not in the folder.`,
      hint: 'Drop the folder that holds the clips too, or correct the path.',
    };
  }
  if (match.kind === 'ambiguous') {
    return {
      message: `The clip ${row.path} could be ${match.paths.slice(0, 3).join(' or ')}.`,
      hint: 'Write the path with its folders.',
    };
  }
  if (match.clip.files.some((file) => empty.has(file))) {
    return {
      message: `The clip ${match.clip.path} has 0 bytes.`,
      hint: 'Copy it again; the copy broke off.',
    };
  }
  return match.clip;
}

function duplicateOf(
  row: AnnotationRow,
  path: string,
  seen: Map<string, AnnotationRow>,
): Problem | undefined {
  const key = `${path}\n${row.question ?? ''}`;
  const first = seen.get(key);
  if (!first) {
    seen.set(key, row);
    return undefined;
  }
  const where = `${first.row === undefined ? '' : `row ${first.row} of `}${baseName(first.file)}`;
  return first.label === row.label
    ? {
        message: `${path} with the label "${row.label}" is already ${where}.`,
        hint: 'The repeated row was skipped.',
      }
    : {
        message: `${path} is "${first.label}" in ${where} and "${row.label}" here.`,
        hint: 'The first row was kept; remove the wrong one.',
      };
}

/** Files of no bytes. Sizes are asked for 64 at a time, since a directory handle opens a file for each. */
async function emptyFiles(clips: ClipIndex): Promise<Set<FileEntry>> {
  const files = [...new Set(clips.all().flatMap((clip) => clip.files))];
  const empty = new Set<FileEntry>();
  for (let start = 0; start < files.length; start += 64) {
    const batch = files.slice(start, start + 64);
    const blobs = await Promise.all(batch.map((file) => file.blob()));
    blobs.forEach((blob, i) => {
      if (blob.size === 0) empty.add(batch[i]!);
    });
  }
  return empty;
}
