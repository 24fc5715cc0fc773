/** A dropped folder with what its containers hold in place of these. */
import { openZip } from '../../io/containers/zip.ts';
import { baseName, extension, type FileEntry, type FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import { isMedia } from '../../protocol/clip-types.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { guessEncoding } from '../encodings.ts';
import { groupBy } from '../group-by.ts';
import { fileIssue } from '../issues.ts';
import type { Json } from '../json-shapes.ts';
import { withUnpackedLists } from './packed-lists.ts';
import { openTable } from './parquet.ts';

export interface Opened {
  readonly tree: FileTree;
  readonly issues: readonly DataIssue[];
}

/** Refused files of an archive that are named one by one. */
const MOST_NAMED = 5;

/**
 * Every zip archive is a folder of its name with what lies in it; one alone is the dropped folder itself. An archive of files
 * that lie beside it unpacked is set aside. Lists that gzip packed have the names that they have unpacked. Every Parquet file has its rows, and is a folder of the clips in it, too.
 */
export async function openContainers(dropped: FileTree): Promise<Opened> {
  const unzipped = await openArchives(dropped);
  const lists = withUnpackedLists(unzipped.tree.files);
  const isPacked = lists !== unzipped.tree.files;
  const opened = await openTables(isPacked ? { ...unzipped.tree, files: inOrder(lists) } : unzipped.tree);
  return { tree: opened.tree, issues: [...unzipped.issues, ...opened.issues] };
}

/** A table whose rows are no text. */
export interface TableFile extends FileEntry {
  /** Its rows, in order. @throws InputError where it cannot be read */
  readonly items: () => Promise<readonly Json[]>;
}

export const isTableFile = (file: FileEntry): file is TableFile => 'items' in file;

/** Every Parquet file with its rows, and what lies in it as files beside them. */
async function openTables(tree: FileTree): Promise<Opened> {
  const isParquet = ({ path }: FileEntry) => extension(path) === 'parquet';
  if (!tree.files.some(isParquet)) return { tree, issues: [] };
  const files: FileEntry[] = [];
  const issues = missingParts(tree.files.filter(isParquet).map(({ path }) => path));
  for (const file of tree.files) {
    if (!isParquet(file)) {
      files.push(file);
      continue;
    }
    try {
      const table = await openTable(file);
      const entry: TableFile = { ...file, items: () => table.items() };
      files.push(entry);
      for (const inside of table.files) files.push(inside);
      issues.push(...table.issues);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const entry: TableFile = { ...file, items: () => Promise.reject(error) };
      files.push(entry);
    }
  }
  return { tree: { ...tree, files: inOrder(files) }, issues };
}

/** Parts of a list that were left behind: of 'train-00000-of-00002.parquet' the other one. */
function missingParts(paths: readonly string[]): DataIssue[] {
  const part = /^(?<before>.*)-(?<number>\d{5})-of-(?<count>\d{5})(?<after>.*)$/;
  const parts = paths.flatMap((path) => {
    const { before = '', count = '', after = '' } = part.exec(path)?.groups ?? {};
    return count === '' ? [] : [{ before, count, after }];
  });
  const lists = groupBy(parts, ({ before, count, after }) => JSON.stringify([before, count, after]));
  return [...lists.values()].flatMap((there): DataIssue[] => {
    const { before, count, after } = there[0]!;
    if (there.length >= Number(count)) return [];
    const file = `${before}-*-of-${count}${after}`;
    return [
      {
        reason: 'list missing',
        file,
        message: `${file}: found ${there.length} of its ${Number(count)} parts.`,
        hint: 'The parts that are there were read; add the others to have all rows.',
      },
    ];
  });
}

const inOrder = (files: readonly FileEntry[]): FileEntry[] =>
  [...files].sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));

async function openArchives(dropped: FileTree): Promise<Opened> {
  const archives = dropped.files.filter(({ path }) => extension(path) === 'zip');
  if (archives.length === 0) return { tree: dropped, issues: [] };
  const plain = dropped.files.filter(({ path }) => extension(path) !== 'zip');
  const files = new Map(plain.map((file) => [file.path, file]));
  const issues: DataIssue[] = [];
  const isAlone = dropped.files.length === 1;
  const unpacked = new Unpacked(plain);
  for (const archive of archives) {
    const opened = await filesOfZip(archive, isAlone ? '' : `${withoutEnding(archive.path)}/`);
    issues.push(...opened.issues);
    if (unpacked.hasAll(opened.files)) issues.push(setAside(archive.path));
    else for (const file of opened.files) if (!files.has(file.path)) files.set(file.path, file);
  }
  const name = isAlone ? withoutEnding(baseName(archives[0]!.path)) : dropped.name;
  return { tree: { name, files: inOrder([...files.values()]) }, issues };
}

const withoutEnding = (path: string): string => path.replace(/\.zip$/i, '');

async function filesOfZip(
  archive: FileEntry,
  prefix: string,
): Promise<{ readonly files: readonly FileEntry[]; readonly issues: readonly DataIssue[] }> {
  try {
    const { files, refused } = await openZip(archive, (names) => guessEncoding(names).certain?.decoder);
    const top = `${withoutEnding(baseName(archive.path))}/`;
    const isOwnTop = files.length > 0 && files.every(({ path }) => path.startsWith(top));
    const placed = files.map((file) => ({
      ...file,
      path: prefix + (isOwnTop ? file.path.slice(top.length) : file.path),
    }));
    const named = refused.slice(0, MOST_NAMED).map(({ error }) => fileIssue(archive.path, error));
    const more = refused.length - named.length;
    return { files: placed, issues: more > 0 ? [...named, andMore(archive.path, more)] : named };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { files: [], issues: [fileIssue(archive.path, error)] };
  }
}

const andMore = (file: string, count: number): DataIssue => ({
  reason: 'file unreadable',
  file,
  message: `${file}: ${count} more files in it are not read.`,
  hint: 'Unpack the archive, and drop the folder that comes out.',
});

const setAside = (file: string): DataIssue => ({
  reason: 'file set aside',
  file,
  message: `${file}: what is in it lies beside it unpacked, and was read there.`,
  hint: 'Take one of the two out of the folder.',
});

/** Files outside of archives, by name and size. */
class Unpacked {
  readonly #known: ReadonlySet<string>;

  constructor(files: readonly FileEntry[]) {
    this.#known = new Set(files.map(keyOf));
  }

  /** Whether nearly all clips, or without any all files, are there: an archive and its copy would be every clip twice. */
  hasAll(files: readonly FileEntry[]): boolean {
    const clips = files.filter(({ path }) => isMedia(path));
    const looked = clips.length > 0 ? clips : files;
    const there = looked.filter((file) => this.#known.has(keyOf(file)));
    return looked.length > 0 && there.length * 10 >= looked.length * 9;
  }
}

const keyOf = ({ path, size }: FileEntry): string => `${baseName(path).normalize('NFC')} ${size}`;
