import { openCheckpoint } from '../io/checkpoint.ts';
import { type FileTree, readJson, subtree } from '../io/files.ts';
import type { TensorSource } from '../io/safetensors.ts';
import { InputError } from '../math/errors.ts';
import type { Json } from './fields.ts';
import { configFolders } from './humanomni-files.ts';

/** A Qwen2-VL checkpoint as found. */
export interface Qwen2VlFiles {
  readonly tree: FileTree;
  readonly config: Json;
  readonly weights: TensorSource;
}

/** Finds a Qwen2-VL checkpoint in a dropped folder, at its top or below. Throws an InputError if there is none. */
export async function openQwen2VlFiles(tree: FileTree): Promise<Qwen2VlFiles> {
  const seen: string[] = [];
  for (const path of configFolders(tree)) {
    const folder = path === '' ? tree : subtree(tree, path)!;
    const config = await readJson(folder, 'config.json');
    if (config.model_type === 'qwen2_vl') {
      return { tree: folder, config, weights: await openCheckpoint(folder) };
    }
    seen.push(`${path || tree.name} (${String(config.model_type)})`);
  }
  const found = seen.length > 0 ? `found ${seen.join(', ')}` : 'found no config.json';
  throw new InputError(`${tree.name}: no Qwen2-VL checkpoint; ${found}, expected the model_type qwen2_vl.`, {
    hint: 'Drop the folder of Qwen2-VL-2B-Instruct, with its config.json and safetensors files.',
  });
}
