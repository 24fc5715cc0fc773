import {
  type AdaptedLinear,
  type Adapter,
  adaptedLinears,
  adapterNames,
  freshAdapters,
  isAdapterName,
  type LoraConfig,
  type NamedArray,
} from '../../decoder/lora.ts';
import { linearShapes, openQwen2, type Qwen2 } from '../../decoder/qwen2.ts';
import { WeightLoader } from '../../decoder/weights.ts';
import type { ModelConfig } from '../../families/api.ts';
import type { Bert } from '../../families/humanomni/bert.ts';
import type { MediaProjectors } from '../../families/humanomni/parts.ts';
import { familyOf, readModelConfig, weightSources } from '../../families/index.ts';
import type { Qwen2VlVision } from '../../families/qwen-vl/vision.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import { type Gpu, sizeOf } from '../../gpu/index.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { deriveSeed } from '../../math/random.ts';
import { freeRopeTable, type RopeTable } from '../../ops/attention/rope.ts';
import { type FrozenCopy, ParameterStore } from '../../optim/parameters.ts';
import { type FrozenWeights, quantisedFormat } from './frozen-weights.ts';
import { isTrained, type TrainedParts, trainsMedia } from './trained-parts.ts';
import { loadTrained, trainedTensors } from './trained-tensors.ts';

/** What a policy is made of, beside the files. */
export interface PolicyOptions extends TrainedParts {
  /** Absent: no adapter. */
  readonly lora?: LoraConfig;
  /** Adapter values to start from, by the names of `adapterNames`; fresh ones otherwise. */
  readonly adapter?: readonly NamedArray[];
  /** Whether a reference model is wanted (beta > 0). */
  readonly reference: boolean;
  /** Whether the reference has the adapter as it starts; otherwise it has none. */
  readonly referenceHasAdapter?: boolean;
  readonly seed: number;
  /** Longest sequence in tokens that will be asked for. */
  readonly maxPositions: number;
  /** Whether the vision tower is a part of the policy, given patches; else a family's encoder ran before. */
  readonly withTower?: boolean;
  /** What the decoder's matrices that do not train are kept as; as published unless said. */
  readonly frozenWeights?: FrozenWeights;
}

/** The model as one of policy and reference. */
export interface ModelView {
  readonly decoder: Qwen2;
  /** Between towers and decoder; absent where the towers make the decoder's tokens themselves. */
  readonly media?: MediaProjectors;
  /** Encoder of the question, where it trains; else its row is computed once. */
  readonly bert?: Bert;
  /** What makes the decoder's tokens of patches, where the policy has it on the device. */
  readonly vision?: Qwen2VlVision;
  /** Whether adapters take part. */
  readonly adapters: boolean;
}

/** A loaded decoder with its projectors, trainable tensors apart: the model that is trained, and the one it is measured against. */
export interface Policy {
  readonly gpu: Gpu;
  readonly files: ModelFiles;
  readonly config: ModelConfig;
  readonly options: PolicyOptions;
  readonly store: ParameterStore;
  readonly current: ModelView;
  /** The model as it was at the start; absent when no reference is wanted. */
  readonly reference?: ModelView;
  /** Whether media tokens depend on what is trained. */
  readonly trainsMedia: boolean;
  /** Matrices that stay as published though they should have been quantised: names with shapes. */
  readonly notQuantised: readonly string[];
  [Symbol.dispose](): void;
}

/** The adapter that a policy begins with: the one it is given, else a fresh one, else none. */
export function startAdapters(config: ModelConfig, options: PolicyOptions): readonly NamedArray[] {
  if (options.adapter) return options.adapter;
  if (!options.lora) return [];
  return freshAdapters(options.lora, linearsUnder(config, options.lora), deriveSeed(options.seed, 'lora'));
}

/** The linear layers that an adapter sits on: those of the decoder, then those of the vision tower. */
export function linearsUnder(config: ModelConfig, lora: LoraConfig): AdaptedLinear[] {
  const shapes = linearShapes(config.decoder);
  const decoder = adaptedLinears(lora, config.decoder.layers, (linear) => shapes[linear]);
  const { tower } = familyOf(config.family);
  return [...decoder, ...((lora.vision && tower?.linears(config)) || [])];
}

/**
 * Loads what a run keeps on the device: decoder, projectors, gate, and BERT where it trains. Everything trained lies in a
 * parameter store as f32, the rest as `frozenWeights` says. Towers come and go with the families' encoders.
 */
export async function loadPolicy(
  gpu: Gpu,
  files: ModelFiles,
  options: PolicyOptions,
  progress?: (doneBytes: number, totalBytes: number) => void,
): Promise<Policy> {
  const sources = weightSources(files);
  const config = readModelConfig(files, new WeightLoader(gpu, sources));
  const source = files.main.weights;
  const tied = config.decoder.tieWordEmbeddings;
  const trained = trainedTensors(source, (name) => isTrained(name, options), tied);
  const store = new ParameterStore(gpu, [...trained, ...startAdapters(config, options)]);
  const { frozenWeights = 'published' } = options;
  const loader = new WeightLoader(
    gpu,
    sources,
    (name) => (store.has(name) ? store.get(name) : undefined),
    (name) => quantisedFormat(name, frozenWeights),
  );
  const current = openView(gpu, files, config, loader, options, adapterOf(store, options));
  try {
    await loadTrained(gpu, store, source, trained);
    await loader.load(progress);
  } catch (error) {
    loader[Symbol.dispose]();
    store[Symbol.dispose]();
    for (const rope of ropesOf(current)) freeRopeTable(gpu, rope);
    throw error;
  }
  const reference = options.reference
    ? openReference(gpu, files, config, loader, store, options, current)
    : undefined;
  await reference?.loader?.load(progress);
  return {
    gpu,
    files,
    config,
    options,
    store,
    current,
    ...(reference ? { reference: reference.view } : {}),
    trainsMedia: trainsMedia(options) || options.lora?.vision === true,
    notQuantised: loader.notQuantised(),
    [Symbol.dispose]() {
      loader[Symbol.dispose]();
      store[Symbol.dispose]();
      reference?.loader?.[Symbol.dispose]();
      reference?.frozen?.[Symbol.dispose]();
      const ropes = new Set([...ropesOf(current), ...(reference ? ropesOf(reference.view) : [])]);
      for (const rope of ropes) freeRopeTable(gpu, rope);
    },
  };
}

const ropesOf = ({ decoder, vision }: ModelView): RopeTable[] => [
  decoder.rope,
  ...(vision ? [vision.rope] : []),
];

/** Looks up the adapter of a linear layer among the trained tensors, or their frozen values. */
function adapterOf(
  store: ParameterStore,
  { lora }: PolicyOptions,
  values: ParameterStore | FrozenCopy = store,
): (path: string) => Adapter | undefined {
  return (path) => {
    const { a, b } = adapterNames(path);
    return lora && store.has(a)
      ? { a: values.get(a), b: values.get(b), scale: lora.alpha / lora.rank }
      : undefined;
  };
}

function openView(
  gpu: Gpu,
  files: ModelFiles,
  config: ModelConfig,
  loader: WeightLoader,
  options: PolicyOptions,
  adapter: (path: string) => Adapter | undefined,
): ModelView {
  const { open, openRows, openPart } = loader;
  const { maxPositions } = options;
  const decoder = openQwen2(gpu, config.decoder, { open, openRows, adapter, maxPositions });
  const adapters = options.lora !== undefined;
  const { between, tower } = familyOf(files.family);
  if (options.withTower && tower) {
    return { decoder, vision: tower.open(gpu, config, { open, openPart, adapter }), adapters };
  }
  if (!between) return { decoder, adapters };
  return {
    decoder,
    media: between.openProjectors(open, config, files),
    ...(options.trainBert ? { bert: between.openGateEncoder(open, config) } : {}),
    adapters,
  };
}

interface Reference {
  readonly view: ModelView;
  /** Of what was opened once more. */
  readonly loader?: WeightLoader;
  /** What trains, as it was at the start. */
  readonly frozen?: FrozenCopy;
}

/**
 * With only a fresh adapter trained, the reference is the same weights without it. Otherwise what trains is opened once
 * more as the files have it, and the frozen rest is shared. Where the adapter belongs to the reference, what trains is
 * copied on the device instead, since the files do not have it.
 */
function openReference(
  gpu: Gpu,
  files: ModelFiles,
  config: ModelConfig,
  loader: WeightLoader,
  store: ParameterStore,
  options: PolicyOptions,
  current: ModelView,
): Reference {
  const { referenceHasAdapter = false } = options;
  if (!referenceHasAdapter && store.names().every(isAdapterName)) {
    const bare = options.withTower ? openView(gpu, files, config, loader, options, () => undefined) : current;
    return { view: { ...bare, adapters: false } };
  }
  const frozen = referenceHasAdapter ? store.freeze() : undefined;
  const again = new WeightLoader(gpu, weightSources(files), (name) =>
    frozen && store.has(name) ? frozen.get(name) : loader.opened(name),
  );
  const adapter = frozen ? adapterOf(store, options, frozen) : () => undefined;
  const view = openView(gpu, files, config, again, options, adapter);
  return { view: { ...view, adapters: referenceHasAdapter }, loader: again, ...(frozen ? { frozen } : {}) };
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
