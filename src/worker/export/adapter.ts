import { adapterNames } from '../../decoder/lora.ts';
import { familyOf } from '../../families/index.ts';
import {
  LORA_LINEARS,
  type LoraTensor,
  linearPath,
  loraTensorName,
  writeAdapterConfig,
} from '../../io/formats/peft.ts';
import { f32ToBytes } from '../../io/tensors/dtype.ts';
import { safetensorsFile, type TensorToWrite } from '../../io/tensors/safetensors-write.ts';
import { type FileToWrite, textFile } from '../../io/writing/file-to-write.ts';
import type { Policy } from '../../rl/policy/policy.ts';

/** A matrix of the adapter and its name in the parameter store. */
export interface AdapterTensor extends LoraTensor {
  readonly stored: string;
}

/** The adapter's matrices in the order in which torch meets their modules: by layer, then q, k, v, o, gate, up, down, A before B. */
export function adapterTensors({ config, options }: Pick<Policy, 'config' | 'options'>): AdapterTensor[] {
  const linears = LORA_LINEARS.filter((name) => options.lora?.targets.includes(name));
  return Array.from({ length: config.decoder.layers }, (_, layer) => layer).flatMap((layer) =>
    linears.flatMap((linear) => {
      const { a, b } = adapterNames(linearPath(layer, linear));
      return [
        { layer, linear, matrix: 'A' as const, stored: a },
        { layer, linear, matrix: 'B' as const, stored: b },
      ];
    }),
  );
}

/** The adapter as PEFT reads it; nothing when the policy has none. */
export function adapterFiles(policy: Policy): FileToWrite[] {
  const { store, options, files } = policy;
  const { lora } = options;
  if (!lora) return [];
  const decoder = familyOf(files.family).handoff.decoder;
  const tensors = adapterTensors(policy).map(
    (tensor): TensorToWrite => ({
      name: loraTensorName(tensor, decoder),
      dtype: 'F32',
      shape: store.get(tensor.stored).shape,
      bytes: async () => f32ToBytes('F32', Float32Array.from(await store.read(tensor.stored))),
    }),
  );
  const { rank, alpha, targets } = lora;
  const json = writeAdapterConfig({ rank, alpha, linears: targets, baseModel: files.name }, decoder);
  return [textFile('adapter_config.json', json), safetensorsFile('adapter_model.safetensors', tensors)];
}
