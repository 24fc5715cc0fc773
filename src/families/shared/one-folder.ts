import type { FileTree } from '../../io/files/files.ts';
import { openCheckpoint } from '../../io/sealed/checkpoint.ts';
import { renamed } from '../../io/tensors/renamed.ts';
import { headOf } from './head-files.ts';
import { type FoundFolder, type ModelFiles, modelName } from './model-files.ts';

/** Names that newer releases of transformers give tensors, and the way back. */
export interface NewerNames {
  published(file: string): string;
  newer(published: string): string;
}

/** A checkpoint whose parts all lie in one folder of the tree; `names`: where its tensors may have newer ones than published. */
export async function openOneFolder(
  tree: FileTree,
  { path, tree: folder, config }: FoundFolder,
  family: string,
  names?: NewerNames,
): Promise<ModelFiles> {
  const notes: string[] = [];
  const stored = await openCheckpoint(folder, (note) => notes.push(note));
  const weights = names ? renamed(stored, names.published) : stored;
  const isNewer = names && stored.names().some((file) => names.published(file) !== file);
  const head = await headOf(config, weights);
  return {
    family,
    name: modelName(tree, path, config),
    main: { tree: folder, config, weights },
    towers: {},
    layout: 'one folder',
    ...(isNewer ? { writtenAs: names.newer } : {}),
    tied: head.tied,
    notes: [...notes, ...head.notes],
  };
}
