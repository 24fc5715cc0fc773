/** Lists that say of clips nothing but their split: train.txt and test.txt with a name a line, splits.json with a list for each. */
import { baseName, extension, type FileEntry } from '../io/files/files.ts';
import { parseJson } from '../io/json/json.ts';
import { InputError } from '../math/errors.ts';
import type { DataIssue, Split } from '../protocol/messages.ts';
import { type ClipIndex, folderOf } from './clip-index.ts';
import { isRecord } from './json-shapes.ts';
import { listText } from './list-text.ts';
import { splitOfName, splitOfWord } from './split-words.ts';
import type { Undivided } from './types.ts';

const TEXTS = ['txt', 'lst', 'list', 'csv', 'tsv'];

export interface SplitLists {
  /** Paths of these lists: they are no lists of labels. */
  readonly files: ReadonlySet<string>;
  readonly issues: readonly DataIssue[];
  /** By the path of the clip. */
  readonly splits: ReadonlyMap<string, Split>;
}

interface Part {
  readonly file: string;
  readonly split: Split;
  readonly clips: readonly string[];
}

/** Lists of clips' names by split. Where none holds a clip out, or one clip is in two splits, none of them is used. */
export async function readSplitLists(files: readonly FileEntry[], clips: ClipIndex): Promise<SplitLists> {
  const parts: Part[] = [];
  for (const file of files) for (const part of await partsIn(file, clips)) parts.push(part);
  const splits = new Map<string, Split>();
  const paths = new Set(parts.map(({ file }) => file));
  for (const { file, split, clips: named } of parts) {
    for (const clip of named) {
      const other = splits.get(clip);
      if (other !== undefined && other !== split)
        return { files: paths, issues: [contradicting(file, clip, [other, split])], splits: new Map() };
      splits.set(clip, split);
    }
  }
  const holdsOut = [...splits.values()].some((split) => split !== 'train');
  return { files: paths, issues: [], splits: holdsOut ? splits : new Map() };
}

/** The example with the split that the lists say, where its own row says none. */
export function withListedSplit(example: Undivided, { splits }: SplitLists): Undivided {
  const [medium] = example.media;
  return { ...example, split: example.split ?? (medium && splits.get(medium.path)) ?? null };
}

async function partsIn(file: FileEntry, clips: ClipIndex): Promise<Part[]> {
  const kind = extension(file.path);
  const split = splitOfName(baseName(file.path));
  const mayBe = kind === 'json' ? split !== null || /split/i.test(file.path) : split !== null;
  if (!mayBe || !(kind === 'json' || TEXTS.includes(kind))) return [];
  try {
    const text = await listText(file);
    const lists =
      kind === 'json' ? inJson(parseJson(text, file.path), split) : [[split!, linesOf(text)] as const];
    const parts = lists.map(([of, names]) => partOf(file.path, of, found(names, file.path, clips)));
    return parts.every((part) => part !== undefined) ? parts : [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [];
  }
}

const partOf = (file: string, split: Split, clips: readonly string[] | undefined): Part | undefined =>
  clips && { file, split, clips };

const linesOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^"(.*)"$/, '$1'))
    .filter(Boolean);

/** A list of names, or one for each split. */
function inJson(value: unknown, split: Split | null): (readonly [Split, readonly unknown[]])[] {
  if (Array.isArray(value)) return split === null ? [] : [[split, value]];
  if (!isRecord(value)) return [];
  const parts = Object.entries(value).map(([name, list]) => [splitOfWord(name), list] as const);
  const isWhole = parts.every(([of, list]) => of !== null && Array.isArray(list));
  return isWhole ? (parts as [Split, unknown[]][]) : [];
}

/** The clips that are named; undefined where one name in two, beside a header, is none. */
function found(names: readonly unknown[], file: string, clips: ClipIndex): string[] | undefined {
  const paths: string[] = [];
  for (const name of names) {
    if (typeof name !== 'string' || /[\t,;|]/.test(name)) return undefined;
    const match = clips.find(name, { folder: folderOf(file), split: splitOfName(baseName(file)) });
    if (match.kind !== 'found') continue;
    // A label may stand before the name: a path with a space in it has to be that of the clip.
    if (name.includes(' ') && !match.clip.path.normalize('NFC').includes(name.normalize('NFC')))
      return undefined;
    paths.push(match.clip.path);
  }
  return paths.length > 0 && paths.length * 2 >= names.length ? paths : undefined;
}

function contradicting(file: string, clip: string, splits: readonly Split[]): DataIssue {
  return {
    reason: 'column not used',
    file,
    message: `Lists of splits were not used: ${clip} is in ${splits.join(' and in ')}.`,
    hint: 'Leave the lists of one fold in the folder.',
  };
}
