import { familyOf } from '../../families/index.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import type { FileEntry, FileTree } from '../../io/files/files.ts';

/** A file of the checkpoint and where it goes in the export. */
export interface CheckpointFile {
  readonly path: string;
  readonly entry: FileEntry;
  /** Whether it lies in the folder of the main weights, which training changes. */
  readonly main: boolean;
}

/** Weights in other formats and traces of other trainings: as copies they would contradict the new weights. */
const STALE =
  /\.(bin|pt|pth|ckpt|gguf|onnx|h5|msgpack)$|^(README\.md|trainer_state\.json|training_args\.json|adapter_.*)$/;

/**
 * The files that make up a checkpoint: what lies directly in its main folder and in the towers' folders, at paths that
 * keep the layout, and what the family wants beside them.
 */
export function checkpointFiles(tree: FileTree, files: ModelFiles): CheckpointFile[] {
  const mainFolder = files.main.tree === tree ? '' : `${files.main.tree.name}/`;
  const list = filesOf(files.main.tree, mainFolder, true);
  for (const tower of Object.values(files.towers))
    list.push(...filesOf(tower.tree, `${tower.tree.name}/`, false));
  for (const entry of familyOf(files.family).filesBeside?.(tree, files) ?? []) {
    const isThere = list.some((each) => each.entry.path === entry.path);
    if (!isThere) list.push({ path: entry.path, entry, main: false });
  }
  return list;
}

function filesOf(folder: FileTree, prefix: string, main: boolean): CheckpointFile[] {
  return folder.files
    .filter(({ path }) => !path.includes('/') && !STALE.test(path))
    .map((entry) => ({ path: prefix + entry.path, entry, main }));
}
