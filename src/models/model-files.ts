import type { FileTree } from '../io/files.ts';
import type { TensorSource } from '../io/safetensors.ts';
import type { Json } from './fields.ts';

/** The families of models that can be trained. */
export type FamilyName = 'HumanOmni' | 'Qwen2-VL' | 'Qwen2.5-VL';

/** One folder of a checkpoint: its config and, if it has weights of its own, these. */
export interface ModelFolder {
  readonly tree: FileTree;
  readonly config: Json;
  readonly weights?: TensorSource;
}

export type TowerKind = 'vision' | 'audio' | 'bert';

/** A checkpoint as found: the main folder, and towers that lie in folders of their own. */
export interface ModelFiles {
  readonly family: FamilyName;
  readonly name: string;
  /** Its tensors go by the names under which the family was first published. */
  readonly main: ModelFolder & { readonly weights: TensorSource };
  readonly towers: Readonly<Partial<Record<TowerKind, ModelFolder>>>;
  readonly layout: 'one folder' | 'towers in folders of their own';
  /** The name that a tensor, or the beginning of one, has in the files, where these use newer names. */
  readonly writtenAs?: (name: string) => string;
}

/** Folders of the tree, the top ('') included, that hold a config.json. */
export function configFolders(tree: FileTree): string[] {
  return tree.files
    .filter(({ path }) => path === 'config.json' || path.endsWith('/config.json'))
    .map(({ path }) => path.slice(0, -'config.json'.length).replace(/\/$/, ''));
}

/** Whether a dropped folder looks like a model: it has a config.json and safetensors somewhere. */
export function looksLikeModel(tree: FileTree): boolean {
  return configFolders(tree).length > 0 && tree.files.some(({ path }) => path.endsWith('.safetensors'));
}
