import type { FileTree } from '../../src/io/files/files.ts';
import { type ClipModel, openModel } from '../../src/worker/inputs/model.ts';

/** A model that is shown clips. */
export async function openClipModel(tree: FileTree): Promise<ClipModel> {
  const { clips, ...model } = await openModel(tree);
  if (!clips) throw new Error(`${tree.name} takes no clips.`);
  return { ...model, clips };
}
