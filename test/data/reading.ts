/** Folders made in the test, read as a data set. */
import { ClipIndex, folderOf } from '../../src/data/clip-index.ts';
import { HowRead, type Wanted } from '../../src/data/how-read.ts';
import { readDataset } from '../../src/data/read.ts';
import { readAnnotationFiles } from '../../src/data/readers/annotation-files.ts';
import type { AnnotationRow, Dataset, ReadDataset } from '../../src/data/types.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import type { DataIssue } from '../../src/protocol/messages.ts';

export type Contents = Record<string, string | Uint8Array<ArrayBuffer>>;

export const read = (contents: Contents, wanted: Wanted = {}): Promise<ReadDataset> =>
  readDataset(treeFromMemory('set', contents), { seed: 1, ...wanted });

export const clips = (...paths: readonly string[]): Contents =>
  Object.fromEntries(paths.map((path) => [path, new Uint8Array([1])]));

/** 'path label', with the split or the speaker. */
export const found = ({ examples }: Dataset): string[] => examples.map(({ id, label }) => `${id} ${label}`);
export const withSplits = ({ examples }: Dataset): string[] =>
  examples.map(({ id, label, split }) => `${id} ${label} ${split}`);
export const withSpeakers = ({ examples }: Dataset): string[] =>
  examples.map(({ id, label, speaker }) => `${id} ${label} ${speaker}`);
export const reasons = ({ issues }: Dataset): string[] => issues.map(({ reason }) => reason);
export const messages = ({ issues }: Dataset): string => issues.map(({ message }) => message).join('\n');

/** Rows of the lists among the contents, before their clips are found, and what is said of the others. */
export async function rowsIn(
  contents: Contents,
  columns: Wanted['columns'] = {},
): Promise<{ readonly rows: readonly AnnotationRow[]; readonly issues: readonly DataIssue[] }> {
  const tree = treeFromMemory('set', contents);
  const index = new ClipIndex(tree);
  const paths = [...index.files.keys(), ...index.folders.keys()];
  const isClip = (text: string, file: string) =>
    text.trim() !== '' && index.find(text, { folder: folderOf(file) }).kind !== 'missing';
  return readAnnotationFiles(tree.files, new Map(), {
    beside: { clips: paths.length > 0, paths, isClip, how: new HowRead({ columns }) },
    texts: false,
  });
}

export const lines = (...rows: readonly unknown[]): string =>
  rows.map((row) => JSON.stringify(row)).join('\n');
