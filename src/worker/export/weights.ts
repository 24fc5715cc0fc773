import type { FileEntry } from '../../io/files/files.ts';
import { parseJsonObject } from '../../io/json/json.ts';
import { bytesToF32, type Dtype, f32ToBytes, isFloatDtype } from '../../io/tensors/dtype.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { byteLength, safetensorsFile, type TensorToWrite } from '../../io/tensors/safetensors-write.ts';
import { blobFile, type FileToWrite, jsonFile, textFile } from '../../io/writing/file-to-write.ts';
import type { MergedDtype } from '../../protocol/messages.ts';
import type { OpenModel } from '../inputs/model.ts';
import type { ChangedTensors } from './changed.ts';
import { checkpointFiles } from './folders.ts';

const INDEX = 'model.safetensors.index.json';
/** Tensors per file at most, as transformers cuts checkpoints. */
const SHARD_BYTES = 2_000_000_000;
/** Pieces in which tensors that did not change are copied. */
const PIECE_BYTES = 4 << 20;
const STORED = { bf16: 'BF16', f32: 'F32' } as const;
const TORCH_NAMES = { bf16: 'bfloat16', f32: 'float32' } as const;

/**
 * The checkpoint with its changed tensors replaced: the published names, folders, configuration and tokenizer, and all
 * floating-point weights of the main folder in one type. Towers that lie in folders of their own are copied as they are.
 */
export async function mergedCheckpoint(
  { tree, files }: Pick<OpenModel, 'tree' | 'files'>,
  changed: ChangedTensors,
  dtype: MergedDtype,
  shardBytes = SHARD_BYTES,
): Promise<FileToWrite[]> {
  const exported: FileToWrite[] = [];
  for (const { path, entry, main } of checkpointFiles(tree, files)) {
    if (main && isWeights(entry)) continue;
    const isConfig = main && entry.path === 'config.json';
    exported.push(
      isConfig ? await configFile(path, entry, dtype, files.tied) : blobFile(path, await entry.blob()),
    );
  }
  const prefix = files.main.tree === tree ? '' : `${files.main.tree.name}/`;
  const { weights } = files.main;
  const tensors = weights.names().map((name) => ({
    ...mergedTensor(weights, name, changed(name), dtype),
    name: files.writtenAs?.(name) ?? name,
  }));
  return [...exported, ...shardFiles(prefix, tensors, shardBytes)];
}

function isWeights({ path }: FileEntry): boolean {
  return path.endsWith('.safetensors') || path === INDEX;
}

/** config.json, with the new type where it names one; it says what the files do about the head, where they do something else. */
async function configFile(
  path: string,
  entry: FileEntry,
  dtype: MergedDtype,
  tied: boolean | undefined,
): Promise<FileToWrite> {
  const text = await (await entry.blob()).text();
  const published = parseJsonObject(text, path);
  const config = tied === undefined ? published : withHead(published, tied);
  const keys = ['torch_dtype', 'dtype'].filter((key) => typeof config[key] === 'string');
  if (config === published && keys.every((key) => config[key] === TORCH_NAMES[dtype]))
    return textFile(path, text);
  return jsonFile(path, { ...config, ...Object.fromEntries(keys.map((key) => [key, TORCH_NAMES[dtype]])) });
}

/** The config that says of the head what is so; the same object where it does already. */
function withHead(config: Record<string, unknown>, tied: boolean): Record<string, unknown> {
  const inner = config.text_config;
  const nested = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : undefined;
  const said = [config, nested].flatMap((part) =>
    part?.tie_word_embeddings === undefined ? [] : [part.tie_word_embeddings],
  );
  if (said.length > 0 && said.every((flag) => flag === tied)) return config;
  const flag = { tie_word_embeddings: tied };
  return { ...config, ...flag, ...(nested ? { text_config: { ...nested, ...flag } } : {}) };
}

/** A tensor as it is exported. Integers stay what they are. */
function mergedTensor(
  source: TensorSource,
  name: string,
  values: ReturnType<ChangedTensors>,
  wanted: MergedDtype,
): TensorToWrite {
  const { dtype: published, shape } = source.info(name);
  const dtype = isFloatDtype(published) ? STORED[wanted] : published;
  const bytes = () => (values ? changedPieces(values, STORED[wanted]) : copiedPieces(source, name, dtype));
  return { name, dtype, shape, bytes };
}

async function* changedPieces(values: () => Promise<Float32Array<ArrayBuffer>>, dtype: 'BF16' | 'F32') {
  yield f32ToBytes(dtype, await values());
}

async function* copiedPieces(source: TensorSource, name: string, dtype: Dtype) {
  const published = source.info(name).dtype;
  for await (const { bytes } of source.pieces(name, PIECE_BYTES)) {
    const same = published === dtype || !isFloatDtype(dtype);
    yield same ? bytes : f32ToBytes(dtype, bytesToF32(published, bytes));
  }
}

/** One file, or several of at most `limit` bytes and the index that says where each tensor is. */
function shardFiles(prefix: string, tensors: readonly TensorToWrite[], limit: number): FileToWrite[] {
  const shards: TensorToWrite[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const tensor of tensors) {
    const bytes = byteLength(tensor);
    if (used + bytes > limit) {
      shards.push([]);
      used = 0;
    }
    shards.at(-1)!.push(tensor);
    used += bytes;
  }
  if (shards.length <= 1) return [safetensorsFile(`${prefix}model.safetensors`, tensors)];
  const five = (count: number) => String(count).padStart(5, '0');
  const nameOf = (index: number) => `model-${five(index + 1)}-of-${five(shards.length)}.safetensors`;
  const map = shards.flatMap((shard, index) => shard.map(({ name }) => [name, nameOf(index)] as const));
  const total = tensors.reduce((sum, tensor) => sum + byteLength(tensor), 0);
  return [
    ...shards.map((shard, index) => safetensorsFile(prefix + nameOf(index), shard)),
    jsonFile(prefix + INDEX, { metadata: { total_size: total }, weight_map: Object.fromEntries(map) }),
  ];
}
