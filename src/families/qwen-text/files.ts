import { Fields, type Json } from '../../decoder/fields.ts';
import type { FileTree } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import { findMain, type ModelFiles } from '../shared/model-files.ts';
import { openOneFolder } from '../shared/one-folder.ts';

/** Families by the `model_type` of their config.json; Qwen2.5 has that of Qwen2. */
const FAMILIES = { qwen2: 'Qwen2', qwen3: 'Qwen3' } as const;
const MODEL_TYPES = Object.keys(FAMILIES) as (keyof typeof FAMILIES)[];

export type QwenTextFamily = (typeof FAMILIES)[keyof typeof FAMILIES];

/** The `model_type` of a family's config.json. */
export const qwenTextModelType = (family: QwenTextFamily): string =>
  MODEL_TYPES.find((type) => FAMILIES[type] === family)!;

/** The family that a config.json is of. Throws an InputError where it is of neither. */
export const qwenTextFamily = (config: Json): QwenTextFamily =>
  FAMILIES[new Fields(config, 'config.json').choice('model_type', MODEL_TYPES)];

/** Whether a config.json is that of a causal language model, and not of a classifier, a reward model or an embedder on the same decoder. */
export function isQwenText({ model_type, architectures }: Json): boolean {
  const isCausal =
    !Array.isArray(architectures) || architectures.some((name) => /ForCausalLM$/.test(String(name)));
  return MODEL_TYPES.some((type) => type === model_type) && isCausal;
}

/** Finds a checkpoint in a dropped folder: the one at `path`, or that nearest to the top. Throws an InputError if there is none. */
export async function openQwenTextFiles(tree: FileTree, path?: string): Promise<ModelFiles> {
  const { main, seen } = await findMain(tree, isQwenText, path);
  if (!main) {
    const found = seen.length > 0 ? `found ${seen.join(', ')}` : 'found no config.json';
    throw new InputError(
      `${tree.name}: no Qwen language model; ${found}, expected the model_type ${MODEL_TYPES.join(' or ')} and an architecture that ends in ForCausalLM.`,
      {
        hint: 'Drop the folder of Qwen2.5-0.5B-Instruct or Qwen3-0.6B, with its config.json and safetensors files.',
      },
    );
  }
  return openOneFolder(tree, main, qwenTextFamily(main.config));
}
