/** Qwen2-VL-2B by its shapes alone: the published config, files of names without values, and a tokenizer of bytes. */
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openQwen2Vl, parseQwen2VlConfig } from '../../src/families/qwen-vl/parts.ts';
import { dryGpu, type Tensor } from '../../src/gpu/index.ts';
import { safetensorsParts, type TensorToWrite } from '../../src/io/tensors/safetensors-write.ts';
import { contentOf, qwen2VlTree } from './qwen2-vl-tiny.ts';

/** As published; the ids of special tokens are those of the tokenizer of bytes. */
const SHAPE = {
  hidden_size: 1536,
  intermediate_size: 8960,
  num_attention_heads: 12,
  num_key_value_heads: 2,
  num_hidden_layers: 28,
  vocab_size: 151_936,
  max_position_embeddings: 32_768,
  rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
  vision_config: {
    depth: 32,
    embed_dim: 1280,
    mlp_ratio: 4,
    num_heads: 16,
    in_chans: 3,
    hidden_size: 1536,
    patch_size: 14,
    spatial_merge_size: 2,
    spatial_patch_size: 14,
    temporal_patch_size: 2,
  },
};

/** Every tensor that the model opens, without its values. */
function tensorsOf(json: Record<string, unknown>): TensorToWrite[] {
  const shapes = new Map<string, readonly number[]>();
  const open = (name: string, shape: readonly number[]): Tensor => {
    shapes.set(name, shape);
    return { label: name, shape, dtype: 'bf16', storage: { kind: 'planned', id: shapes.size } };
  };
  const openRows = (name: string, shape: readonly [number, number]) => [open(name, shape)];
  const openPart = (name: string, shape: readonly number[], _first: number, rows: number) => ({
    ...open(name, shape),
    shape: [rows, ...shape.slice(1)],
  });
  openQwen2Vl(dryGpu(), parseQwen2VlConfig(json), { open, openRows, openPart, maxPositions: 1 });
  return [...shapes].map(([name, shape]) => ({ name, shape, dtype: 'BF16', bytes: () => new Uint8Array() }));
}

/** A file of that many bytes of values, which are a hole. */
async function writeHeader(path: string, tensors: readonly TensorToWrite[]): Promise<void> {
  const bytes = tensors.reduce((sum, { shape }) => sum + 2 * shape.reduce((a, b) => a * b, 1), 0);
  const file = openSync(path, 'w');
  for await (const header of safetensorsParts(tensors)) {
    writeSync(file, header);
    ftruncateSync(file, header.byteLength + bytes);
    break;
  }
  closeSync(file);
}

/** Writes the checkpoint into a folder, in two files, as the published one is. */
export async function writeQwen2Vl2b(folder: string): Promise<void> {
  const tiny = await qwen2VlTree('published');
  for (const path of ['tokenizer.json', 'tokenizer_config.json'])
    writeFileSync(join(folder, path), await contentOf(tiny, path));
  const config = { ...JSON.parse(await contentOf(tiny, 'config.json')), ...SHAPE };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const tensors = tensorsOf(config);
  const fileOf = (name: string) =>
    name.startsWith('visual.') ? 'model-1.safetensors' : 'model-2.safetensors';
  for (const file of ['model-1.safetensors', 'model-2.safetensors']) {
    await writeHeader(
      join(folder, file),
      tensors.filter(({ name }) => fileOf(name) === file),
    );
  }
  const index = { weight_map: Object.fromEntries(tensors.map(({ name }) => [name, fileOf(name)])) };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
}
