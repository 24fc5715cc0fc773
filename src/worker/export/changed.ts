import { adapterNames, addProduct } from '../../decoder/lora.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { linearsUnder, type Policy } from '../../rl/policy/policy.ts';
import { readTrained, trainedName } from '../../rl/policy/trained-tensors.ts';

/** Present values of a checkpoint's tensor, where training changed it; undefined where it is as published. */
export type ChangedTensors = (file: string) => undefined | (() => Promise<Float32Array<ArrayBuffer>>);

/** Which tensors of the main weights a policy changed, by their names in the files: trained ones, and those under an adapter. */
export function changedTensors(policy: Policy): ChangedTensors {
  const { store, config, files, options } = policy;
  const { tieWordEmbeddings } = config.decoder;
  const linears = options.lora ? linearsUnder(config, options.lora) : [];
  const adapted = new Map(linears.map(({ path }) => [`${path}.weight`, path]));
  return (file) => {
    const name = trainedName(store, file, tieWordEmbeddings);
    if (name !== undefined) return async () => (await readTrained(store, name))!;
    const path = adapted.get(file);
    return path === undefined ? undefined : () => mergedLinear(policy, files.main.weights, path);
  };
}

/** W + alpha/r · B · A. */
async function mergedLinear(
  { store, options }: Policy,
  source: TensorSource,
  path: string,
): Promise<Float32Array<ArrayBuffer>> {
  const { a, b } = adapterNames(path);
  const { alpha, rank } = options.lora!;
  const weight = Float32Array.from(await source.float32(`${path}.weight`));
  addProduct(weight, await store.read(b), await store.read(a), rank, alpha / rank);
  return weight;
}
