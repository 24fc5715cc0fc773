import type { FileTree } from '../../io/files/files.ts';
import type { ClipIndex } from '../clip-index.ts';
import type { HowRead } from '../how-read.ts';
import type { LabelMap } from '../labels.ts';
import type { ReadRows } from '../rows.ts';
import type { Folds } from '../types.ts';

/** What a reader works on. */
export interface Source {
  readonly tree: FileTree;
  readonly clips: ClipIndex;
  /** The fold to read of a data set that comes in folds, from 1. */
  readonly fold: number;
  /** A person's own words for labels. */
  readonly ownLabels: LabelMap;
  /** What a person chose, and whom to ask. */
  readonly how: HowRead;
}

export interface Reading extends ReadRows {
  /** More about how it was read than the reader's name. */
  readonly format?: string;
  readonly folds?: Folds;
}

/** Reads data sets that are known by how their folder is laid out. */
export interface Reader {
  /** 'DFEW' and the like, for people. */
  readonly name: string;
  /** Whether the folder is of this kind. Opens no clip. */
  recognises(source: Source): boolean | Promise<boolean>;
  /** Whether a file is one of the data set's own lists, which is not read as a person's annotation. */
  owns(path: string): boolean;
  /** Bad rows become issues and never stop the rest. */
  read(source: Source): Reading | Promise<Reading>;
}

export function mergeRows(parts: readonly ReadRows[]): ReadRows {
  return {
    rows: parts.flatMap(({ rows }) => rows),
    issues: parts.flatMap(({ issues }) => issues),
    met: parts.reduce((sum, { met }) => sum + met, 0),
  };
}

/** Some of a list, as many as wanted and from all over it. */
export function spread<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, list.length / count);
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[Math.floor(i * step)]!);
}
