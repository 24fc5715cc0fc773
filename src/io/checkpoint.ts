import { InputError } from '../math/errors.ts';
import { blobSource } from './bytes.ts';
import { baseName, type FileTree, findFile, readTextIfThere } from './files.ts';
import { parseJsonObject } from './json.ts';
import { openSafetensors, type TensorSource } from './safetensors.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/**
 * The weights of a model folder: `model.safetensors`, or the shards that `model.safetensors.index.json` lists, or, when
 * neither is there, every `*.safetensors` at the top of the folder. Only headers are read here.
 */
export async function openCheckpoint(tree: FileTree): Promise<TensorSource> {
  const index = await readTextIfThere(tree, INDEX);
  if (index !== undefined) {
    return openSharded(tree, parseJsonObject(index, `${tree.name}/${INDEX}`, { uniqueKeys: true }));
  }
  const single = findFile(tree, SINGLE);
  if (single) return openSafetensors(blobSource(await single.blob()), `${tree.name}/${SINGLE}`);
  const loose = tree.files.filter((file) => !file.path.includes('/') && file.path.endsWith('.safetensors'));
  if (loose.length === 0) {
    throw new InputError(`${tree.name}: no ${SINGLE}, no ${INDEX} and no other .safetensors file.`, {
      hint: 'Drop the folder that holds the weights in safetensors format (.bin and .pt files are not read).',
    });
  }
  const shards = new Map<string, TensorSource>();
  for (const file of loose) {
    const shard = await openSafetensors(blobSource(await file.blob()), `${tree.name}/${file.path}`);
    for (const name of shard.names()) {
      const other = shards.get(name);
      if (other)
        throw new InputError(`${tree.name}: tensor "${name}" is in both ${other.label} and ${shard.label}.`);
      shards.set(name, shard);
    }
  }
  return joinShards(tree.name, shards);
}

async function openSharded(tree: FileTree, index: Record<string, unknown>): Promise<TensorSource> {
  const label = `${tree.name}/${INDEX}`;
  const map = index.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new InputError(`${label}: no "weight_map" object.`, {
      hint: 'Copy the index file of the checkpoint again.',
    });
  }
  if (Object.keys(map).length === 0) {
    throw new InputError(
      `${label}: its "weight_map" is empty, expected a shard's file name for each tensor.`,
      {
        hint: 'Copy the index file of the checkpoint again; without it every .safetensors file of the folder is read.',
      },
    );
  }
  const opened = new Map<string, TensorSource>();
  const shards = new Map<string, TensorSource>();
  for (const [name, fileName] of Object.entries(map)) {
    if (typeof fileName !== 'string') throw new InputError(`${label}: tensor "${name}" has no file name.`);
    const shard = opened.get(fileName) ?? (await openShard(tree, fileName, name, label));
    opened.set(fileName, shard);
    if (!shard.has(name)) {
      throw new InputError(`${label}: tensor "${name}" should be in ${fileName}, which does not hold it.`, {
        hint: 'The index and the shards are of different downloads; fetch the folder again.',
      });
    }
    shards.set(name, shard);
  }
  return joinShards(tree.name, shards);
}

async function openShard(
  tree: FileTree,
  fileName: string,
  tensor: string,
  label: string,
): Promise<TensorSource> {
  if (!staysInside(fileName)) {
    throw new InputError(
      `${label}: tensor "${tensor}" is said to be in ${JSON.stringify(fileName)}, expected the name of a file in this folder.`,
      { hint: 'Copy the index file of the checkpoint again, and put the shards beside it.' },
    );
  }
  const file = findFile(tree, fileName) ?? findFile(tree, baseName(fileName));
  if (!file) {
    throw new InputError(`${label}: the shard ${fileName} (tensor "${tensor}") is not in the folder.`, {
      hint: 'Drop the whole folder, or download the missing shard.',
    });
  }
  return openSafetensors(blobSource(await file.blob()), `${tree.name}/${fileName}`);
}

/** Whether a path is relative and never leads upwards, however it is written. */
function staysInside(path: string): boolean {
  return path !== '' && !/^(?:[/\\]|[a-z]:)/i.test(path) && !path.split(/[/\\]/).includes('..');
}

function joinShards(label: string, shards: ReadonlyMap<string, TensorSource>): TensorSource {
  const shardOf = (name: string): TensorSource => {
    const shard = shards.get(name);
    if (shard) return shard;
    throw new InputError(`${label}: tensor "${name}" is missing; the checkpoint has ${shards.size} others.`, {
      hint: 'Check that this is the checkpoint that the config.json beside it describes.',
    });
  };
  return {
    label,
    names: () => [...shards.keys()],
    has: (name) => shards.has(name),
    info: (name) => shardOf(name).info(name),
    bytes: async (name) => shardOf(name).bytes(name),
    pieces: (name, pieceBytes, range) => shardOf(name).pieces(name, pieceBytes, range),
    float32: async (name) => shardOf(name).float32(name),
    integers: async (name) => shardOf(name).integers(name),
  };
}
