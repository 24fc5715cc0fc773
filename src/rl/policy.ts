import { type Gpu, sizeOf, type Tensor } from '../gpu/index.ts';
import type { TensorSource } from '../io/safetensors.ts';
import { deriveSeed } from '../math/random.ts';
import {
  type HumanOmniConfig,
  type MediaProjectors,
  openDecoder,
  openProjectors,
  openTowers,
  readHumanOmniConfig,
  type Towers,
  weightSources,
} from '../models/humanomni.ts';
import type { HumanOmniFiles } from '../models/humanomni-files.ts';
import {
  type Adapter,
  adapterNames,
  freshAdapters,
  type LoraConfig,
  type NamedArray,
} from '../models/lora.ts';
import { linearShapes, type Qwen2 } from '../models/qwen2.ts';
import { WeightLoader } from '../models/weights.ts';
import { type FrozenCopy, ParameterStore } from '../optim/parameters.ts';
import { type FrozenWeights, quantisedFormat } from './frozen-weights.ts';
import { isTrained, type TrainedParts, trainsMedia } from './trained-parts.ts';

/** What a policy is made of, beside the files. */
export interface PolicyOptions extends TrainedParts {
  /** Absent: no adapter. */
  readonly lora?: LoraConfig;
  /** Adapter values to start from, by the names of `adapterNames`; fresh ones otherwise. */
  readonly adapter?: readonly NamedArray[];
  /** Whether a reference model is wanted (beta > 0). */
  readonly reference: boolean;
  readonly seed: number;
  /** Longest sequence in tokens that will be asked for. */
  readonly maxPositions: number;
  /** What the decoder's matrices that do not train are kept as; as published unless said. */
  readonly frozenWeights?: FrozenWeights;
  /** Further tensors to train, by checkpoint name: towers, when they are pre-trained. */
  readonly alsoTrained?: (name: string) => boolean;
}

/** The model as one of policy and reference. */
export interface ModelView {
  readonly decoder: Qwen2;
  readonly media: MediaProjectors;
  /** Whether adapters take part. */
  readonly adapters: boolean;
}

/** A loaded HumanOmni with its trainable tensors apart: the model that is trained, and the one it is measured against. */
export interface Policy {
  readonly gpu: Gpu;
  readonly files: HumanOmniFiles;
  readonly config: HumanOmniConfig;
  readonly options: PolicyOptions;
  readonly store: ParameterStore;
  readonly towers: Towers;
  readonly current: ModelView;
  /** The model as it was at the start; absent when no reference is wanted. */
  readonly reference?: ModelView;
  /** Whether media tokens depend on what is trained. */
  readonly trainsMedia: boolean;
  readonly unusedTensors: readonly string[];
  /** Matrices that stay as published though they should have been quantised: names with shapes. */
  readonly notQuantised: readonly string[];
  [Symbol.dispose](): void;
}

/** All tensors of a checkpoint that train, widened to f32, and the adapter. */
async function trainableArrays(
  source: TensorSource,
  config: HumanOmniConfig,
  options: PolicyOptions,
): Promise<NamedArray[]> {
  const wanted = (name: string): boolean => isTrained(name, options) || options.alsoTrained?.(name) === true;
  const arrays: NamedArray[] = [];
  for (const file of source.names()) {
    const name =
      file === 'lm_head.weight' && config.decoder.tieWordEmbeddings ? 'model.embed_tokens.weight' : file;
    if (!wanted(name) || arrays.some((array) => array.name === name)) continue;
    arrays.push({ name, shape: source.info(file).shape, data: await source.float32(file) });
  }
  return [...arrays, ...adapterArrays(config, options)];
}

function adapterArrays(config: HumanOmniConfig, options: PolicyOptions): readonly NamedArray[] {
  if (options.adapter) return options.adapter;
  if (!options.lora) return [];
  const shapes = linearShapes(config.decoder);
  const seed = deriveSeed(options.seed, 'lora');
  return freshAdapters(options.lora, config.decoder.layers, (linear) => shapes[linear], seed);
}

/** Loads a checkpoint. Everything trained lies in a parameter store as f32, the rest as `frozenWeights` says. */
export async function loadPolicy(
  gpu: Gpu,
  files: HumanOmniFiles,
  options: PolicyOptions,
  progress?: (doneBytes: number, totalBytes: number) => void,
): Promise<Policy> {
  const sources = weightSources(files);
  const shapes = new WeightLoader(gpu, sources);
  const config = readHumanOmniConfig(files, shapes);
  const arrays = await trainableArrays(files.main.weights, config, options);
  const store = new ParameterStore(gpu, arrays);
  const { frozenWeights = 'published' } = options;
  const loader = new WeightLoader(
    gpu,
    sources,
    (name) => (store.has(name) ? store.get(name) : undefined),
    (name) => quantisedFormat(name, frozenWeights),
  );
  const adapter = (path: string): Adapter | undefined => {
    const { a, b } = adapterNames(path);
    const { lora } = options;
    return lora && store.has(a)
      ? { a: store.get(a), b: store.get(b), scale: lora.alpha / lora.rank }
      : undefined;
  };
  const current = openView(gpu, files, config, loader, options, adapter);
  const towers = openTowers(loader.open, config);
  await loader.load(progress);
  const reference = options.reference
    ? openReference(gpu, files, config, loader, store, options, current)
    : undefined;
  return {
    gpu,
    files,
    config,
    options,
    store,
    towers,
    current,
    ...(reference ? { reference: reference.view } : {}),
    trainsMedia: trainsMedia(options),
    unusedTensors: loader.unused(),
    notQuantised: loader.notQuantised(),
    [Symbol.dispose]() {
      loader[Symbol.dispose]();
      store[Symbol.dispose]();
      reference?.frozen?.[Symbol.dispose]();
      const ropes = new Set([current.decoder.rope, ...(reference ? [reference.view.decoder.rope] : [])]);
      for (const { cos, sin } of ropes) gpu.free(cos, sin);
    },
  };
}

function openView(
  gpu: Gpu,
  files: HumanOmniFiles,
  config: HumanOmniConfig,
  loader: WeightLoader,
  options: PolicyOptions,
  adapter: (path: string) => Adapter | undefined,
): ModelView {
  const { open, openRows } = loader;
  const decoder = openDecoder(gpu, config, { open, openRows, adapter, maxPositions: options.maxPositions });
  const media = openProjectors(open, config, files.main.config);
  return { decoder, media, adapters: options.lora !== undefined };
}

/**
 * With only an adapter trained, the reference is the same weights without it. Otherwise what trains is copied once and
 * the frozen rest is shared.
 */
function openReference(
  gpu: Gpu,
  files: HumanOmniFiles,
  config: HumanOmniConfig,
  loader: WeightLoader,
  store: ParameterStore,
  options: PolicyOptions,
  current: ModelView,
): { view: ModelView; frozen?: FrozenCopy } {
  const onlyAdapter = store.names().every((name) => name.includes('.lora_'));
  if (onlyAdapter) {
    return { view: { ...current, adapters: false } };
  }
  const frozen = store.freeze();
  const find = (name: string): Tensor | undefined =>
    store.has(name) ? frozen.get(name) : loader.opened(name);
  const again = new WeightLoader(gpu, weightSources(files), find);
  const view = openView(gpu, files, config, again, options, () => undefined);
  return { view: { ...view, adapters: false }, frozen };
}

/** Number of parameters by part of the model, as stored. */
export function countParameters(
  source: TensorSource,
  partOf: (name: string) => string,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of source.names()) {
    const part = partOf(name);
    counts[part] = (counts[part] ?? 0) + sizeOf(source.info(name).shape);
  }
  return counts;
}
