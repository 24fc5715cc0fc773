/** Finds the family of a checkpoint, and reads its files, config and names of tensors, before anything is loaded. */

import type { Json } from '../decoder/fields.ts';
import { WeightLoader, type WeightSource } from '../decoder/weights.ts';
import { dryGpu, type Gpu } from '../gpu/index.ts';
import type { FileTree } from '../io/files/files.ts';
import { borrowedFiles } from '../io/formats/trainer-checkpoint.ts';
import { InputError } from '../math/errors.ts';
import type { EncoderSource, Family, ModelConfig } from './api.ts';
import { humanOmni } from './humanomni/index.ts';
import { qwen2, qwen3 } from './qwen-text/index.ts';
import { qwen2Vl, qwen25Vl } from './qwen-vl/index.ts';
import { findAdapters } from './shared/adapter-files.ts';
import { type ClipEncoder, UNENCODED } from './shared/clip-encoder.ts';
import { type Found, findMain, isWithin, type ModelFiles } from './shared/model-files.ts';
import { sourcesOf } from './shared/weight-sources.ts';

/** Every family that can be opened; to add one, add its line. */
export const FAMILIES: readonly Family[] = [humanOmni, qwen2Vl, qwen25Vl, qwen2, qwen3];

/** The family of that name. Throws where there is none. */
export function familyOf(name: string): Family {
  const family = FAMILIES.find((each) => each.name === name);
  if (!family) throw new Error(`familyOf: no family is called ${name}.`);
  return family;
}

const recognise = (config: Json): Family | undefined => FAMILIES.find((family) => family.recognises(config));

/** Whether a config.json is that of a model that can be opened, and cannot be a part of another one. */
export function isModel(config: Json): boolean {
  const family = recognise(config);
  return family !== undefined && !family.onlyAlone;
}

/** The checkpoint of a folder; one that may be a part of another only where no other is there, or where it is chosen by its path. */
async function findModel(tree: FileTree, path?: string): Promise<Found> {
  const found = await findMain(tree, isModel, path);
  if (found.main) return found;
  const alone = await findMain(tree, (config) => recognise(config) !== undefined, path);
  return path === undefined || alone.main ? alone : found;
}

/** Files of a checkpoint with the names its tensors have there. */
export const weightSources = (files: ModelFiles): WeightSource[] =>
  sourcesOf(files, familyOf(files.family).aliases);

/** A checkpoint and what lies around it in the dropped folder. */
export interface OpenedFiles {
  readonly files: ModelFiles;
  /** The dropped folder without the other models in it. */
  readonly tree: FileTree;
  /** Where the checkpoint lies in the dropped folder; '' is its top. */
  readonly path: string;
  /** Folders of the other models. */
  readonly others: readonly string[];
}

/**
 * Finds the checkpoint of a dropped folder: the one at `path`, or that nearest to the top, and the other models beside it. Throws an
 * InputError that says what was found where there is none.
 */
export async function openModelFiles(tree: FileTree, path?: string): Promise<OpenedFiles> {
  const { main, others, seen } = await findModel(tree, path);
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
  const files = await recognise(main.config)!.openFiles(own, main.path);
  const chosen = others.length > 0 ? [chosenAmong(tree.name, main.path, others)] : [];
  const notes = [...(files.notes ?? []), ...borrowed.notes, ...chosen];
  return { files: { ...files, notes }, tree: own, path: main.path, others };
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
    `${tree.name}: no checkpoint of a known family; ${found}, expected a model_type ${FAMILIES.map(({ modelType }) => modelType).join(', or ')}.`,
    { hint: `Drop the folder of one of these: ${FAMILIES.map(({ published }) => published).join('; ')}.` },
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
export function readModelConfig(files: ModelFiles, loader: WeightLoader): ModelConfig {
  const config = familyOf(files.family).readConfig(files, loader);
  const { tied } = files;
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
  const family = familyOf(files.family);
  family.demandParts?.(files, loader);
  const config = readModelConfig(files, loader);
  const sources = { open, openRows, openPart, maxPositions: 1 };
  family.openAll(gpu, config, files, sources);
  return { config, unusedTensors: loader.unused() };
}

/** Loads the towers of a checkpoint. The caller closes them: training does without. Throws where the family has none. */
export async function openEncoder(
  gpu: Gpu,
  source: EncoderSource,
  progress?: (doneBytes: number, totalBytes: number) => void,
): Promise<ClipEncoder> {
  const { name, openEncoder: open } = familyOf(source.files.family);
  if (source.clips?.unencoded) return UNENCODED;
  if (!open) throw new Error(`openEncoder: a ${name} has no towers.`);
  return open(gpu, source, progress);
}
