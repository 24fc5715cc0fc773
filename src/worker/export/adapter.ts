import { f32ToBytes } from '../../io/dtype.ts';
import { LORA_LINEARS, linearPath, loraTensorName, writeAdapterConfig } from '../../io/peft.ts';
import { type TensorToWrite, writeSafetensors } from '../../io/safetensors-write.ts';
import { adapterNames } from '../../models/lora.ts';
import type { ExportedFile } from '../../protocol/messages.ts';
import type { Policy } from '../../rl/policy.ts';

/** The adapter as PEFT reads it; nothing when the policy has none. */
export async function adapterFiles({ store, config, options, files }: Policy): Promise<ExportedFile[]> {
  const { lora } = options;
  if (!lora) return [];
  const tensors: TensorToWrite[] = [];
  for (let layer = 0; layer < config.decoder.layers; layer++) {
    for (const linear of LORA_LINEARS.filter((name) => lora.targets.includes(name))) {
      const names = adapterNames(linearPath(layer, linear));
      for (const [matrix, name] of [
        ['A', names.a],
        ['B', names.b],
      ] as const) {
        const { shape } = store.get(name);
        const bytes = async () => f32ToBytes('F32', Float32Array.from(await store.read(name)));
        tensors.push({ name: loraTensorName({ layer, linear, matrix }), dtype: 'F32', shape, bytes });
      }
    }
  }
  const { rank, alpha, targets } = lora;
  const json = writeAdapterConfig({ rank, alpha, linears: targets, baseModel: files.name });
  return [
    { name: 'adapter_config.json', blob: new Blob([json]) },
    { name: 'adapter_model.safetensors', blob: await writeSafetensors(tensors) },
  ];
}
