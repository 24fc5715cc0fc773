/** A Qwen2-VL case folder, opened: its checkpoint under one of its config files, its arrays, its group of completions. */

import type { VisionGrid } from '../../decoder/mrope.ts';
import { WeightLoader } from '../../decoder/weights.ts';
import { weightSources } from '../../families/index.ts';
import { openQwen2VlFiles } from '../../families/qwen-vl/files.ts';
import {
  openQwen2Vl,
  parseQwen2VlConfig,
  type Qwen2Vl,
  type Qwen2VlConfig,
} from '../../families/qwen-vl/parts.ts';
import { visionPrompt } from '../../families/qwen-vl/prompt.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import type { Gpu } from '../../gpu/index.ts';
import { type FileTree, findFile, readJson } from '../../io/files/files.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { groupAdvantages } from '../../math/advantages.ts';
import { ParameterStore } from '../../optim/parameters.ts';
import { isTrained } from '../../rl/policy/trained-parts.ts';
import { loadTrained, trainedTensors } from '../../rl/policy/trained-tensors.ts';
import { needArrays } from './arrays.ts';
import { type GroupCase, readCompletions } from './group-case.ts';

export interface Qwen2VlCase extends GroupCase {
  readonly tree: FileTree;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly arrays: TensorSource;
  readonly files: ModelFiles;
  readonly configs: ReadonlyMap<string, Qwen2VlConfig>;
  /** Grid of the video in the prompt. */
  readonly grid: VisionGrid;
}

const CONFIG_FILES = ['config.json', 'config.nested.json'];

async function readConfigs({ main }: ModelFiles): Promise<Map<string, Qwen2VlConfig>> {
  const { tree } = main;
  const configs = new Map<string, Qwen2VlConfig>();
  for (const name of CONFIG_FILES.filter((file) => findFile(tree, file))) {
    configs.set(name, parseQwen2VlConfig(await readJson(tree, name)));
  }
  return configs;
}

async function readAdvantages(arrays: TensorSource): Promise<number[]> {
  const rewards = [...(await arrays.float32('rewards'))].map((reward) => [reward]);
  const settings = { aggregation: 'sum_then_normalize', scale: 'group', weights: [] } as const;
  return groupAdvantages(rewards, { groupSize: rewards.length, ...settings }).advantages;
}

/** Opens a case folder: case.json, case.safetensors, and the checkpoint in model/. */
export async function openQwen2VlCase(tree: FileTree): Promise<Qwen2VlCase> {
  const arrays = await needArrays(tree, 'case.safetensors');
  const files = await openQwen2VlFiles(tree);
  const configs = await readConfigs(files);
  const settings = await readJson(tree, 'case.json');
  const [{ imageId, videoId, vision, tokensPerSecond }] = [...configs.values()] as [Qwen2VlConfig];
  const grid = (await arrays.integers('video_grid_thw')) as unknown as VisionGrid;
  const timeSteps = tokensPerSecond
    ? { timeSteps: [tokensPerSecond * Number(settings.second_per_grid)] }
    : {};
  const places = { placeholders: [imageId, videoId], grids: [grid], merge: vision.merge, ...timeSteps };
  return {
    tree,
    settings,
    arrays,
    files,
    configs,
    grid,
    prompt: visionPrompt([...(await arrays.integers('prompt_ids'))], places),
    ...(await readCompletions(arrays)),
    advantages: await readAdvantages(arrays),
  };
}

export interface LoadedCase {
  readonly model: Qwen2Vl;
  /** The tensors of decoder and tower. */
  readonly store: ParameterStore;
  [Symbol.dispose](): void;
}

const TRAINED = {
  ...{ trainDecoder: true, trainVision: true },
  ...{ trainProjectors: false, trainGate: false, trainBert: false },
} as const;

/** Loads the case's checkpoint with the whole model trained. */
export async function loadQwen2VlCase(
  gpu: Gpu,
  { files, prompt, width }: Qwen2VlCase,
  config: Qwen2VlConfig,
): Promise<LoadedCase> {
  const { weights } = files.main;
  const { tieWordEmbeddings } = config.decoder;
  const trained = trainedTensors(weights, (name) => isTrained(name, TRAINED), tieWordEmbeddings);
  const store = new ParameterStore(gpu, trained);
  await loadTrained(gpu, store, weights, trained);
  const placed = (name: string) => (store.has(name) ? store.get(name) : undefined);
  const loader = new WeightLoader(gpu, weightSources(files), placed);
  const { open, openRows, openPart } = loader;
  const maxPositions = prompt.ids.length + width;
  const model = openQwen2Vl(gpu, config, { open, openRows, openPart, maxPositions });
  await loader.load();
  return {
    model,
    store,
    [Symbol.dispose]() {
      model[Symbol.dispose]();
      loader[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}
