/** What is told apart by the family of a checkpoint before anything is loaded: its files, its config, its tensors. */

import { WeightLoader } from '../decoder/weights.ts';
import { dryGpu } from '../gpu/index.ts';
import type { FileTree } from '../io/files.ts';
import { borrowedFiles } from '../io/trainer-checkpoint.ts';
import { InputError } from '../math/errors.ts';
import { isHumanOmni, openHumanOmni } from './humanomni/files.ts';
import {
  type HumanOmniConfig,
  openHumanOmniParts,
  readHumanOmniConfig,
  weightSources,
} from './humanomni/parts.ts';
import { demandTowers } from './humanomni/towers.ts';
import { isQwen2Vl, openQwen2VlFiles } from './qwen-vl/files.ts';
import { openQwen2Vl, parseQwen2VlConfig, type Qwen2VlConfig } from './qwen-vl/parts.ts';
import { findAdapters } from './shared/adapter-files.ts';
import type { TensorShapes } from './shared/encoder-layer.ts';
import { findMain, isWithin, type ModelFiles } from './shared/model-files.ts';

export type ModelConfig = HumanOmniConfig | Qwen2VlConfig;

/** The config as that of a HumanOmni. Throws where it is of another family. */
export function humanOmniConfig(config: ModelConfig): HumanOmniConfig {
  if (config.family === 'HumanOmni') return config;
  throw new InputError(`A checkpoint of the family ${config.family}; expected HumanOmni.`);
}

/** A checkpoint and what lies around it in the dropped folder. */
export interface OpenedFiles {
  readonly files: ModelFiles;
  /** The dropped folder without the other models in it. */
  readonly tree: FileTree;
  /** Folders of the other models. */
  readonly others: readonly string[];
}

/**
 * Finds the checkpoint of a dropped folder: the one at `path`, or that nearest to the top, and the other models beside it. Throws an
 * InputError that says what was found where there is none.
 */
export async function openModelFiles(tree: FileTree, path?: string): Promise<OpenedFiles> {
  const { main, others, seen } = await findMain(
    tree,
    (config) => isHumanOmni(config) || isQwen2Vl(config),
    path,
  );
  if (path !== undefined && !main) {
    throw new InputError(
      `${tree.name}: no model in "${path}"; found ${seen.join(', ') || 'no config.json'}.`,
      {
        hint: 'Choose one of the folders that hold a model.',
      },
    );
  }
  if (!main) throw await noModel(tree, seen);
  const borrowed = borrowedFiles(tree, main.path);
  const alone = others.length > 0 ? withoutModels(tree, main.path, others) : tree;
  const all = [...alone.files, ...borrowed.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const own = { ...alone, files: all };
  const open = isQwen2Vl(main.config) ? openQwen2VlFiles : openHumanOmni;
  const files = await open(own, main.path);
  const chosen = others.length > 0 ? [chosenAmong(tree.name, main.path, others)] : [];
  const notes = [...(files.notes ?? []), ...borrowed.notes, ...chosen];
  return { files: { ...files, notes }, tree: own, others };
}

/** What to say of a folder without a model: an adapter alone wants its base. */
async function noModel(tree: FileTree, seen: readonly string[]): Promise<InputError> {
  const [adapter] = await findAdapters(tree);
  if (adapter) {
    return new InputError(
      `${tree.name}: an adapter${adapter.path && ` (${adapter.path})`} without its base model, ${adapter.base || 'which its adapter_config.json does not name'}.`,
      {
        hint: "Put the base model's folder and the adapter's into one folder and open that, or name both to the command: --model BASE --lora DIR.",
      },
    );
  }
  const found = seen.length > 0 ? `found ${seen.join(', ')}` : 'found no config.json';
  return new InputError(
    `${tree.name}: no checkpoint of a known family; ${found}, expected a model_type that begins with HumanOmni, or qwen2_vl or qwen2_5_vl.`,
    {
      hint: 'Drop the folder of HumanOmni-0.5B, R1-Omni-0.5B, Qwen2-VL or Qwen2.5-VL, or a folder that holds a HumanOmni beside its towers.',
    },
  );
}

/** Said where a folder holds several models. */
function chosenAmong(name: string, path: string, others: readonly string[]): string {
  const listed = others.slice(0, 8).map((other) => other || 'the one at its top');
  const more = others.length > listed.length ? ` and ${others.length - listed.length} more` : '';
  const opened = path === '' ? 'the one at its top' : path;
  return `${name} holds ${others.length + 1} models: ${opened} is open; left aside: ${listed.join(', ')}${more}. To open another one, choose it here, or name its folder (--model ${name}/${others[0] || '.'}).`;
}

/** The tree without the folders of other models; of a model around the chosen one, without its config and weights. */
function withoutModels(tree: FileTree, path: string, others: readonly string[]): FileTree {
  const isOthers = (file: string): boolean => {
    const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')));
    return others.some((other) =>
      isWithin(path, other)
        ? folder === other &&
          /(\.safetensors|\.safetensors\.index\.json|(^|\/)(generation_)?config\.json)$/.test(file)
        : isWithin(folder, other),
    );
  };
  const files = tree.files.filter((file) => !isOthers(file.path));
  return { ...tree, files };
}

/** Reads all configs of a checkpoint. Throws an InputError naming the field or type that is not supported. */
export function readModelConfig(files: ModelFiles, shapes: TensorShapes): ModelConfig {
  const { family, main, tied } = files;
  const config =
    family === 'HumanOmni' ? readHumanOmniConfig(files, shapes) : parseQwen2VlConfig(main.config);
  if (tied === undefined) return config;
  return { ...config, decoder: { ...config.decoder, tieWordEmbeddings: tied } };
}

/**
 * Opens every part of a checkpoint on a device that only counts: what is missing or misshapen is found before anything is
 * loaded, and what no part asks for is listed. Throws an InputError naming the tensor or field.
 */
export function inspectModel(files: ModelFiles): {
  readonly config: ModelConfig;
  readonly unusedTensors: readonly string[];
} {
  const gpu = dryGpu();
  using loader = new WeightLoader(gpu, weightSources(files));
  const { open, openRows, openPart } = loader;
  if (files.family === 'HumanOmni') demandTowers(files, loader);
  const config = readModelConfig(files, loader);
  const sources = { open, openRows, openPart, maxPositions: 1 };
  if (config.family === 'HumanOmni') openHumanOmniParts(gpu, config, files.main.config, sources);
  else openQwen2Vl(gpu, config, sources);
  return { config, unusedTensors: loader.unused() };
}
