import { InputError } from '../../math/errors.ts';
import { blobSource } from '../files/bytes.ts';
import { baseName, type FileEntry, type FileTree, findFile, readTextIfThere } from '../files/files.ts';
import { parseJsonObject } from '../json/json.ts';
import { refuseMistaken } from '../json/mistaken.ts';
import { openSafetensors, type TensorSource } from '../tensors/safetensors.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** An adapter's weights, beside its adapter_config.json. */
export const ADAPTER_WEIGHTS = 'adapter_model.safetensors';

/**
 * The weights of a model folder: `model.safetensors`, as transformers takes it first; or the shards that
 * `model.safetensors.index.json` lists; or, when neither is there, every `*.safetensors` at the top of the folder but an adapter's.
 * Only headers are read here. `say` is told what of the folder was left aside.
 */
export async function openCheckpoint(
  tree: FileTree,
  say: (note: string) => void = () => undefined,
): Promise<TensorSource> {
  const single = findFile(tree, SINGLE);
  if (single) {
    if (findFile(tree, INDEX)) say(leftAside(tree));
    return openFile(tree, single);
  }
  const index = await readTextIfThere(tree, INDEX);
  if (index === undefined) return openLoose(tree);
  return openSharded(tree, parseJsonObject(index, `${tree.name}/${INDEX}`, { uniqueKeys: true }));
}

function leftAside(tree: FileTree): string {
  const shards = tree.files.filter(({ path }) => /^model-\d+-of-\d+\.safetensors$/.test(path)).length;
  return `${tree.name} holds both ${SINGLE} and ${INDEX} (${shards} shards): ${SINGLE} was read, as transformers does.`;
}

/** One safetensors file of a folder. @throws InputError also where something else lies under its name */
async function openFile(tree: FileTree, file: FileEntry): Promise<TensorSource> {
  const blob = await file.blob();
  const label = `${tree.name}/${file.path}`;
  await refuseMistaken(blob, label);
  return openSafetensors(blobSource(blob), label);
}

async function openLoose(tree: FileTree): Promise<TensorSource> {
  const loose = tree.files.filter(
    ({ path }) => !path.includes('/') && path.endsWith('.safetensors') && path !== ADAPTER_WEIGHTS,
  );
  if (loose.length === 0) {
    throw new InputError(`${tree.name}: no ${SINGLE}, no ${INDEX} and no other .safetensors file.`, {
      hint: 'Drop the folder that holds the weights in safetensors format (.bin and .pt files are not read).',
    });
  }
  const shards = new Map<string, TensorSource>();
  for (const file of loose) {
    const shard = await openFile(tree, file);
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
  return openFile(tree, file);
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
