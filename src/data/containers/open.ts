/** A dropped folder with what its containers hold in place of these. */
import { openZip } from '../../io/containers/zip.ts';
import { baseName, extension, type FileEntry, type FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import { isMedia } from '../../protocol/clip-types.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { guessEncoding } from '../encodings.ts';
import { fileIssue } from '../issues.ts';

export interface Opened {
  readonly tree: FileTree;
  readonly issues: readonly DataIssue[];
}

/** Refused files of an archive that are named one by one. */
const MOST_NAMED = 5;

/**
 * Every zip archive is a folder of its name with what lies in it; one alone is the dropped folder itself. An archive of files
 * that lie beside it unpacked is set aside.
 */
export async function openContainers(dropped: FileTree): Promise<Opened> {
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
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
  return { tree: { name, files: sorted }, issues };
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
