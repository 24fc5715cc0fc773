/** How a run starts from the weights that another one left. */

import {
  adapterNames,
  addProduct,
  isAdapterName,
  type LoraConfig,
  type NamedArray,
} from '../../decoder/lora.ts';
import type { ModelFiles } from '../../families/shared/model-files.ts';
import { computedSource, overlay } from '../../io/tensors/overlay.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';

/** What a run left: f32 tensors that differ from the published ones, by their names in the files, and its adapter's. */
export interface LeftWeights {
  readonly tensors: TensorSource;
  /** Shape of the adapter among them. */
  readonly lora?: LoraConfig;
}

export interface Start {
  /** The checkpoint with the left tensors in place of the published ones. */
  readonly files: ModelFiles;
  /** Names of the tensors that are not as published. */
  readonly changed: readonly string[];
  /** The adapter, where it goes on. */
  readonly adapter?: readonly NamedArray[];
}

/** An adapter of the same shape goes on with its values; any other is added to the matrices that it sits on: W + alpha/r · B · A. */
export async function startFrom(
  files: ModelFiles,
  { tensors, lora }: LeftWeights,
  next: LoraConfig | undefined,
): Promise<Start> {
  const goesOn = isSameShape(lora, next);
  const published = files.main.weights;
  let weights = overlay(published, tensors);
  const changed = new Set(tensors.names().filter((name) => published.has(name)));
  if (lora && !goesOn) {
    const merged = mergedLinears(weights, tensors, lora);
    for (const name of merged.names()) changed.add(name);
    weights = overlay(weights, merged);
  }
  return {
    files: { ...files, main: { ...files.main, weights } },
    changed: [...changed],
    ...(goesOn ? { adapter: await adapterOf(tensors) } : {}),
  };
}

function isSameShape(a: LoraConfig | undefined, b: LoraConfig | undefined): boolean {
  if (!a || !b || a.rank !== b.rank || a.alpha !== b.alpha) return false;
  if (Boolean(a.vision) !== Boolean(b.vision)) return false;
  return [...a.targets].sort().join() === [...b.targets].sort().join();
}

async function adapterOf(tensors: TensorSource): Promise<NamedArray[]> {
  const arrays: NamedArray[] = [];
  for (const name of tensors.names().filter(isAdapterName)) {
    arrays.push({ name, shape: tensors.info(name).shape, data: await tensors.float32(name) });
  }
  return arrays;
}

/** The matrices under an adapter, with it added. */
function mergedLinears(base: TensorSource, tensors: TensorSource, { rank, alpha }: LoraConfig): TensorSource {
  const linears = base.names().flatMap((name) => {
    const { a, b } = adapterNames(name.replace(/\.weight$/, ''));
    if (!tensors.has(a)) return [];
    const values = async () => {
      const weight = Float32Array.from(await base.float32(name));
      addProduct(weight, await tensors.float32(b), await tensors.float32(a), rank, alpha / rank);
      return weight;
    };
    return [{ name, shape: base.info(name).shape, values }];
  });
  return computedSource(linears, base.label);
}
