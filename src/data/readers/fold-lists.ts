/** The lists of a data set that comes in folds: one for training and one for the test, per fold. */
import { baseName, type FileEntry, type FileTree } from '../../io/files/files.ts';
import type { DataIssue, Split } from '../../protocol/messages.ts';
import type { Folds } from '../types.ts';

export interface FoldLists {
  readonly folds: Folds;
  readonly lists: readonly { readonly split: Split; readonly file: FileEntry }[];
  /** A fold or a list of it that is not there. */
  readonly issues: readonly DataIssue[];
}

/** `pattern` fits a list's path and has the groups `split` (train, val or test) and `fold` (a number). */
export function foldLists(tree: FileTree, pattern: RegExp, wanted: number): FoldLists {
  const found = tree.files.flatMap((file) => {
    const { split, fold } = pattern.exec(file.path)?.groups ?? {};
    return fold === undefined ? [] : [{ file, split: split!.toLowerCase() as Split, fold: Number(fold) }];
  });
  const available = [...new Set(found.map(({ fold }) => fold))].sort((a, b) => a - b);
  const chosen = available.includes(wanted) ? wanted : available[0]!;
  const lists = found.filter(({ fold }) => fold === chosen);
  const issues: DataIssue[] = [];
  if (chosen !== wanted) {
    issues.push(missing(tree.name, `Fold ${wanted} is not in the folder; fold ${chosen} was read instead.`));
  }
  for (const split of ['train', 'test'] as const) {
    if (lists.some((list) => list.split === split)) continue;
    const other = baseName(lists[0]!.file.path);
    issues.push(missing(tree.name, `Fold ${chosen} has no list for ${split}, only ${other}.`));
  }
  return { folds: { chosen, available }, lists, issues };
}

function missing(file: string, message: string): DataIssue {
  const hint = 'Drop the folder with the lists of all folds, as they were published.';
  return { reason: 'list missing', file, message, hint };
}
