import { adapterNames } from '../../decoder/lora.ts';
import { familyOf } from '../../families/index.ts';
import { adapterTensorName, writeAdapterConfig } from '../../io/formats/peft.ts';
import { f32ToBytes } from '../../io/tensors/dtype.ts';
import { safetensorsFile, type TensorToWrite } from '../../io/tensors/safetensors-write.ts';
import { type FileToWrite, textFile } from '../../io/writing/file-to-write.ts';
import { linearsUnder, type Policy } from '../../rl/policy/policy.ts';

/** A matrix of the adapter: its name in the parameter store, and in PEFT's file. */
export interface AdapterTensor {
  readonly stored: string;
  readonly name: string;
}

/**
 * The adapter's matrices, of the decoder in the order in which torch meets their modules: by layer, then q, k, v, o, gate, up,
 * down, A before B; then those of the vision tower.
 */
export function adapterTensors({
  config,
  options,
  files,
}: Pick<Policy, 'config' | 'options' | 'files'>): AdapterTensor[] {
  const { lora } = options;
  if (!lora) return [];
  const places = familyOf(files.family).handoff;
  return linearsUnder(config, lora).flatMap(({ path }) => {
    const { a, b } = adapterNames(path);
    return [a, b].map((stored) => ({ stored, name: adapterTensorName(stored, places) }));
  });
}

/** The adapter as PEFT reads it; nothing when the policy has none. */
export function adapterFiles(policy: Policy): FileToWrite[] {
  const { store, options, files } = policy;
  const { lora } = options;
  if (!lora) return [];
  const tensors = adapterTensors(policy).map(
    ({ stored, name }): TensorToWrite => ({
      name,
      dtype: 'F32',
      shape: store.get(stored).shape,
      bytes: async () => f32ToBytes('F32', Float32Array.from(await store.read(stored))),
    }),
  );
  const { rank, alpha, targets, vision } = lora;
  const { decoder, tower } = familyOf(files.family).handoff;
  const json = writeAdapterConfig(
    { rank, alpha, linears: targets, baseModel: files.name, ...(vision && tower ? { tower } : {}) },
    decoder,
  );
  return [textFile('adapter_config.json', json), safetensorsFile('adapter_model.safetensors', tensors)];
}
