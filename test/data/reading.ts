/** Folders made in the test, read as a data set. */

import type { Wanted } from '../../src/data/how-read.ts';
import { readDataset } from '../../src/data/read.ts';
import type { Dataset, ReadDataset } from '../../src/data/types.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';

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
