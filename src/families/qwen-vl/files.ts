import { Fields, type Json } from '../../decoder/fields.ts';
import type { FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import { findMain, type ModelFiles } from '../shared/model-files.ts';
import { openOneFolder } from '../shared/one-folder.ts';

/** Families by the `model_type` of their config.json. */
const FAMILIES = { qwen2_vl: 'Qwen2-VL', qwen2_5_vl: 'Qwen2.5-VL' } as const;
const MODEL_TYPES = Object.keys(FAMILIES) as (keyof typeof FAMILIES)[];

export type Qwen2VlFamily = (typeof FAMILIES)[keyof typeof FAMILIES];

/** Prefixes as first published, and as newer transformers write them. */
const PREFIXES: readonly (readonly [published: string, newer: string])[] = [
  ['visual.', 'model.visual.'],
  ['model.', 'model.language_model.'],
];

/** The name as newer transformers write it of a tensor, or of the beginning of one, by its name as first published. */
export function newerQwen2VlName(published: string): string {
  const prefix = PREFIXES.find(([first]) => published.startsWith(first));
  return prefix ? prefix[1] + published.slice(prefix[0].length) : published;
}

/** The name as first published of a tensor in a file of either kind; the inverse of `newerQwen2VlName`. */
export function qwen2VlName(file: string): string {
  const prefix = PREFIXES.find(([, newer]) => file.startsWith(newer));
  return prefix ? prefix[0] + file.slice(prefix[1].length) : file;
}

/** The `model_type` of a family's config.json. */
export const qwen2VlModelType = (family: Qwen2VlFamily): string =>
  MODEL_TYPES.find((type) => FAMILIES[type] === family)!;

/** Whether a config.json is that of a Qwen2-VL or a Qwen2.5-VL. */
const isQwen2Vl = (config: Json): boolean => MODEL_TYPES.some((type) => type === config.model_type);

/** The family that a config.json is of. Throws an InputError where it is of neither. */
export const qwen2VlFamily = (config: Json): Qwen2VlFamily =>
  FAMILIES[new Fields(config, 'config.json').choice('model_type', MODEL_TYPES)];

const NAMES = { published: qwen2VlName, newer: newerQwen2VlName };

/** Finds a Qwen2-VL or Qwen2.5-VL checkpoint in a dropped folder: the one at `path`, or that nearest to the top. Throws an InputError if there is none. */
export async function openQwen2VlFiles(tree: FileTree, path?: string): Promise<ModelFiles> {
  const found = await findMain(tree, isQwen2Vl, path);
  if (found.main) return openOneFolder(tree, found.main, qwen2VlFamily(found.main.config), NAMES);
  const seen = found.seen.length > 0 ? `found ${found.seen.join(', ')}` : 'found no config.json';
  throw new InputError(
    `${tree.name}: no Qwen2-VL checkpoint; ${seen}, expected the model_type ${MODEL_TYPES.join(' or ')}.`,
    {
      hint: 'Drop the folder of Qwen2-VL-2B-Instruct or Qwen2.5-VL-3B-Instruct, with its config.json and safetensors files.',
    },
  );
}
