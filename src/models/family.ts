/** What is told apart by the family of a checkpoint before anything is loaded: its files, its config, its tensors. */
import { dryGpu } from '../gpu/index.ts';
import { type FileTree, readJson, subtree } from '../io/files.ts';
import { InputError } from '../math/errors.ts';
import type { TensorShapes } from './encoder.ts';
import { type HumanOmniConfig, openHumanOmniParts, readHumanOmniConfig, weightSources } from './humanomni.ts';
import { openHumanOmni } from './humanomni-files.ts';
import { demandTowers } from './humanomni-towers.ts';
import { configFolders, type ModelFiles } from './model-files.ts';
import { openQwen2Vl, parseQwen2VlConfig, type Qwen2VlConfig } from './qwen2-vl.ts';
import { isQwen2Vl, openQwen2VlFiles } from './qwen2-vl-files.ts';
import { WeightLoader } from './weights.ts';

export type ModelConfig = HumanOmniConfig | Qwen2VlConfig;

/** The config as that of a HumanOmni. Throws where it is of another family. */
export function humanOmniConfig(config: ModelConfig): HumanOmniConfig {
  if (config.family === 'HumanOmni') return config;
  throw new InputError(`A checkpoint of the family ${config.family}; expected HumanOmni.`);
}

/** Finds the checkpoint of a dropped folder. Throws an InputError that says what was found where there is none. */
export async function openModelFiles(tree: FileTree): Promise<ModelFiles> {
  for (const path of configFolders(tree)) {
    const config = await readJson(path === '' ? tree : subtree(tree, path)!, 'config.json');
    if (isQwen2Vl(config)) return openQwen2VlFiles(tree);
  }
  return openHumanOmni(tree);
}

/** Reads all configs of a checkpoint. Throws an InputError naming the field or type that is not supported. */
export function readModelConfig(files: ModelFiles, shapes: TensorShapes): ModelConfig {
  if (files.family === 'HumanOmni') return readHumanOmniConfig(files, shapes);
  return parseQwen2VlConfig(files.main.config);
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
