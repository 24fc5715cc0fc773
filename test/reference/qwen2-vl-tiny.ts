/** The golden Qwen2-VL as a folder to be dropped: with a tokenizer of bytes, and under published or newer names. */

import { newerQwen2VlName, openQwen2VlFiles } from '../../src/families/qwen-vl/files.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { type FileTree, findFile, treeFromMemory } from '../../src/io/files/files.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';

const SPECIAL = {
  '<|endoftext|>': 0,
  '<|im_end|>': 1,
  '<|im_start|>': 2,
  '<|vision_start|>': 308,
  '<|vision_end|>': 309,
  '<|image_pad|>': 310,
  '<|video_pad|>': 311,
};

export const contentOf = async (tree: FileTree, path: string): Promise<string> =>
  (await findFile(tree, path)!.blob()).text();

/** The toy tokenizer without merges, its ids below 300, and the ids of this model's special tokens. */
async function tokenizer(): Promise<string> {
  const json = JSON.parse(
    await contentOf(await treeFromDisk('test/golden/omni-tiny/model'), 'tokenizer.json'),
  );
  const [plain] = json.added_tokens;
  const single = Object.entries<number>(json.model.vocab).filter(([token]) => [...token].length === 1);
  json.model = { ...json.model, vocab: { ...Object.fromEntries(single), ...SPECIAL }, merges: [] };
  json.added_tokens = Object.entries(SPECIAL).map(([content, id]) => ({ ...plain, content, id }));
  return JSON.stringify(json);
}

export async function qwen2VlTree(names: 'published' | 'newer'): Promise<FileTree> {
  const golden = await treeFromDisk('test/golden/qwen2-vl-tiny');
  const { weights } = (await openQwen2VlFiles(golden)).main;
  const tensors = weights.names().map((name): TensorToWrite => {
    const { dtype, shape } = weights.info(name);
    const written = names === 'newer' ? newerQwen2VlName(name) : name;
    return { name: written, dtype, shape, bytes: () => weights.bytes(name) };
  });
  const config = names === 'newer' ? 'config.nested.json' : 'config.json';
  return treeFromMemory('tiny-qwen2-vl', {
    'config.json': await contentOf(golden, `model/${config}`),
    'model.safetensors': await writeSafetensors(tensors),
    'tokenizer.json': await tokenizer(),
    'tokenizer_config.json': JSON.stringify({ eos_token: '<|im_end|>', pad_token: '<|endoftext|>' }),
  });
}
