import { LORA_LINEARS, linearPath } from '../../io/peft.ts';
import type { TensorSource } from '../../io/safetensors.ts';
import { adapterNames } from '../../models/lora.ts';
import type { Policy } from '../../rl/policy.ts';
import { readTrained, trains } from '../../rl/trained-tensors.ts';

/** Present values of a checkpoint's tensor, where training changed it; undefined where it is as published. */
export type ChangedTensors = (file: string) => undefined | (() => Promise<Float32Array<ArrayBuffer>>);

/** Which tensors of the main weights a policy changed, by their names in the files: trained ones, and those under an adapter. */
export function changedTensors(policy: Policy): ChangedTensors {
  const { store, config, files, options } = policy;
  const { tieWordEmbeddings, layers } = config.decoder;
  const adapted = new Map<string, string>();
  for (let layer = 0; layer < layers && options.lora; layer++) {
    for (const linear of LORA_LINEARS) {
      const path = linearPath(layer, linear);
      if (store.has(adapterNames(path).a)) adapted.set(`${path}.weight`, path);
    }
  }
  return (file) => {
    const name = file === 'lm_head.weight' && tieWordEmbeddings ? 'model.embed_tokens.weight' : file;
    if (trains(store, name)) return async () => (await readTrained(store, name))!;
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

/** target [out, in] += scale · B [out, rank] · A [rank, in], summed in float64 per element's terms of one rank at a time. */
function addProduct(
  target: Float32Array,
  b: Float32Array,
  a: Float32Array,
  rank: number,
  scale: number,
): void {
  const inputs = a.length / rank;
  const row = new Float64Array(inputs);
  for (let out = 0; out < b.length / rank; out++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[out * rank + k]!;
      if (factor !== 0) for (let i = 0; i < inputs; i++) row[i]! += factor * a[k * inputs + i]!;
    }
    for (let i = 0; i < inputs; i++) target[out * inputs + i]! += row[i]!;
  }
}
