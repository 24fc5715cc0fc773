/** One HumanOmni case folder, its checkpoint saved in the ways that checkpoints come in. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blobSource } from '../../src/io/files/bytes.ts';
import { type FileTree, findFile, readJson, subtree, treeFromMemory } from '../../src/io/files/files.ts';
import { bytesToF32, type FloatDtype, f32ToBytes } from '../../src/io/tensors/dtype.ts';
import { openSafetensors, type TensorSource } from '../../src/io/tensors/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/io/tensors/safetensors-write.ts';

type Contents = Record<string, Blob | string>;

const MAIN = 'model/model.safetensors';
/** A tower's folder, its part of the main config, and its tensors' names in a one-folder checkpoint. */
const TOWERS = [
  {
    folder: 'siglip',
    kind: 'vision',
    nameInside: (name: string) => `model.vision_tower.vision_tower.${name}`,
  },
  {
    folder: 'whisper',
    kind: 'audio',
    nameInside: (name: string) => name.replace(/^model\./, 'model.audio_tower.audio_tower.'),
  },
  // The main file has the gate's encoder anyway, with the values that the case was computed with.
  { folder: 'bert', kind: 'bert', nameInside: () => undefined },
] as const;

/** The ways, each from the case as recorded: main weights in one F32 file, towers in folders of their own. */
export const LAYOUTS = {
  'one-file': async (contents: Contents) => contents,
  'two-shards': twoShards,
  'towers-inside': towersInside,
  bf16: (contents: Contents) => storedAs(contents, 'BF16'),
  f16: (contents: Contents) => storedAs(contents, 'F16'),
  'lm-head': withHead,
} as const;

export type Layout = keyof typeof LAYOUTS;

/** The case folder with its checkpoint saved in another way. */
export async function savedAs(layout: Layout, tree: FileTree): Promise<FileTree> {
  return treeFromMemory(layout, await LAYOUTS[layout](await contentsOf(tree)));
}

/** The case folder with all weights of the checkpoint rounded to `dtype`, but kept as F32. */
export async function roundedTo(dtype: FloatDtype, tree: FileTree): Promise<FileTree> {
  return treeFromMemory(`rounded to ${dtype}`, await storedAs(await contentsOf(tree), dtype, 'F32'));
}

export async function writeTree(tree: FileTree, folder: string): Promise<void> {
  for (const { path, blob } of tree.files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, new Uint8Array(await (await blob()).arrayBuffer()));
  }
}

async function contentsOf(tree: FileTree): Promise<Contents> {
  return Object.fromEntries(
    await Promise.all(tree.files.map(async ({ path, blob }) => [path, await blob()])),
  );
}

const open = (contents: Contents, path: string): Promise<TensorSource> =>
  openSafetensors(blobSource(contents[path] as Blob), path);

/** All tensors of a file as they are, under other names where `rename` gives one. */
function tensorsOf(source: TensorSource, rename: (name: string) => string = (name) => name): TensorToWrite[] {
  return source.names().map((name) => {
    const { dtype, shape } = source.info(name);
    return { name: rename(name), dtype, shape, bytes: () => source.bytes(name) };
  });
}

async function twoShards(contents: Contents): Promise<Contents> {
  const { [MAIN]: _whole, ...rest } = contents;
  const tensors = tensorsOf(await open(contents, MAIN));
  const shards = [tensors.filter((_, i) => i % 2 === 0), tensors.filter((_, i) => i % 2 === 1)];
  const weightMap: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const file = `model-0000${index + 1}-of-00002.safetensors`;
    rest[`model/${file}`] = await writeSafetensors(shard);
    for (const { name } of shard) weightMap[name] = file;
  }
  rest[`${MAIN}.index.json`] = JSON.stringify({ metadata: {}, weight_map: weightMap });
  return rest;
}

/** Everything in one folder: the towers' weights in the main file, their configs in the main config, the gate's vocabulary beside. */
async function towersInside(contents: Contents): Promise<Contents> {
  const tree = treeFromMemory('case', contents);
  const config = await readJson(tree, 'model/config.json');
  const tensors = tensorsOf(await open(contents, MAIN));
  for (const { folder, kind, nameInside } of TOWERS) {
    const own = subtree(tree, folder)!;
    config[`${kind}_config`] = await readJson(own, 'config.json');
    if (findFile(own, 'preprocessor_config.json'))
      config[`${kind}_preprocessor`] = await readJson(own, 'preprocessor_config.json');
    const source = await open(contents, `${folder}/model.safetensors`);
    tensors.push(...tensorsOf(source, (name) => nameInside(name) ?? '').filter(({ name }) => name !== ''));
  }
  const ofTower = (path: string): boolean => TOWERS.some(({ folder }) => path.startsWith(`${folder}/`));
  return {
    ...Object.fromEntries(Object.entries(contents).filter(([path]) => !ofTower(path))),
    'model/config.json': JSON.stringify(config),
    'model/vocab.txt': contents['bert/vocab.txt']!,
    [MAIN]: await writeSafetensors(tensors),
  };
}

/** Weights of decoder and towers rounded to `rounding`, in files of type `file`. */
async function storedAs(contents: Contents, rounding: FloatDtype, file = rounding): Promise<Contents> {
  const changed: Contents = { ...contents };
  for (const path of [MAIN, ...TOWERS.map(({ folder }) => `${folder}/model.safetensors`)]) {
    const source = await open(contents, path);
    const rounded = async (name: string) =>
      f32ToBytes(file, bytesToF32(rounding, f32ToBytes(rounding, await source.float32(name))));
    changed[path] = await writeSafetensors(
      tensorsOf(source).map((tensor) => ({ ...tensor, dtype: file, bytes: () => rounded(tensor.name) })),
    );
  }
  return changed;
}

/** The tied head written out once more, as some published checkpoints have it. */
async function withHead(contents: Contents): Promise<Contents> {
  const tensors = tensorsOf(await open(contents, MAIN));
  const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!;
  return {
    ...contents,
    [MAIN]: await writeSafetensors([...tensors, { ...embedding, name: 'lm_head.weight' }]),
  };
}
