/** A small Qwen2.5-VL as a folder to be dropped: the golden Qwen2-VL's decoder behind a tower of random weights. */

import { newerQwen2VlName, openQwen2VlFiles } from '../../src/families/qwen-vl/files.ts';
import { type FileTree, findFile, readJson, treeFromMemory } from '../../src/io/files/files.ts';
import { f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';
import { numbers } from '../ops/harness.ts';
import { qwen2VlTree } from './qwen2-vl-tiny.ts';

/** Sizes of the tower: windows of 4 · 4 tokens, one block in three that sees whole slices. */
export const TOWER = { depth: 3, width: 32, inner: 20, heads: 2, output: 64, fullBlocks: [1] } as const;

/** Shapes of the tower's tensors by their published names. */
function towerShapes(): Map<string, readonly number[]> {
  const { depth, width: d, inner, output } = TOWER;
  const shapes = new Map<string, readonly number[]>([
    ['visual.patch_embed.proj.weight', [d, 3, 2, 14, 14]],
    ['visual.merger.ln_q.weight', [d]],
  ]);
  const linear = (name: string, outputs: number, inputs: number): void => {
    shapes.set(`visual.${name}.weight`, [outputs, inputs]).set(`visual.${name}.bias`, [outputs]);
  };
  for (let block = 0; block < depth; block++) {
    const name = `blocks.${block}`;
    for (const norm of ['norm1', 'norm2']) shapes.set(`visual.${name}.${norm}.weight`, [d]);
    linear(`${name}.attn.qkv`, 3 * d, d);
    linear(`${name}.attn.proj`, d, d);
    for (const up of ['gate_proj', 'up_proj']) linear(`${name}.mlp.${up}`, inner, d);
    linear(`${name}.mlp.down_proj`, d, inner);
  }
  linear('merger.mlp.0', 4 * d, 4 * d);
  linear('merger.mlp.2', output, 4 * d);
  return shapes;
}

/** Values of the tower's tensors: norms around 1, the rest so that values keep their size from layer to layer. */
function towerValues(shape: readonly number[], seed: number): Float32Array<ArrayBuffer> {
  const size = shape.reduce((product, side) => product * side, 1);
  const inputs = size / shape[0]!;
  if (inputs > 1) return Float32Array.from(numbers(size, seed, 2 / Math.sqrt(inputs)));
  return Float32Array.from(numbers(size, seed, 0.5), (value) => 1 + value);
}

/** The config's `vision_config`, in the newer layout with the newer name of its channels. */
const visionConfig = (names: 'published' | 'newer', fullBlocks: readonly number[]): object => ({
  ...{ depth: TOWER.depth, hidden_size: TOWER.width, intermediate_size: TOWER.inner, num_heads: TOWER.heads },
  ...{ out_hidden_size: TOWER.output, hidden_act: 'silu', patch_size: 14, spatial_merge_size: 2 },
  ...{ temporal_patch_size: 2, tokens_per_second: 2, window_size: 112, fullatt_block_indexes: fullBlocks },
  [names === 'newer' ? 'in_channels' : 'in_chans']: 3,
});

export async function qwen25VlTree(
  names: 'published' | 'newer',
  fullBlocks: readonly number[] = TOWER.fullBlocks,
): Promise<FileTree> {
  const second = await qwen2VlTree(names);
  const { weights } = (await openQwen2VlFiles(second)).main;
  const written = (name: string): string => (names === 'newer' ? newerQwen2VlName(name) : name);
  const decoder = weights.names().filter((name) => !name.startsWith('visual.'));
  const tensors = decoder.map((name): TensorToWrite => {
    const { dtype, shape } = weights.info(name);
    return { name: written(name), dtype, shape, bytes: () => weights.bytes(name) };
  });
  [...towerShapes()].forEach(([name, shape], seed) => {
    const bytes = async () => f32ToBytes('F32', towerValues(shape, seed));
    tensors.push({ name: written(name), dtype: 'F32', shape, bytes });
  });
  const config = {
    ...(await readJson(second, 'config.json')),
    model_type: 'qwen2_5_vl',
    architectures: ['Qwen2_5_VLForConditionalGeneration'],
    vision_config: visionConfig(names, fullBlocks),
  };
  return treeFromMemory('tiny-qwen2-5-vl', {
    'config.json': JSON.stringify(config),
    'model.safetensors': await writeSafetensors(tensors),
    'tokenizer.json': await findFile(second, 'tokenizer.json')!.blob(),
    'tokenizer_config.json': await findFile(second, 'tokenizer_config.json')!.blob(),
  });
}
