import { firstNotFinite, notFinite } from '../../decoder/finite.ts';
import { rowShards, shardedName } from '../../decoder/row-shards.ts';
import { type Gpu, placed, type Tensor } from '../../gpu/index.ts';
import { bytesToF32, DTYPE_BYTES } from '../../io/tensors/dtype.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import type { ParameterStore } from '../../optim/parameters.ts';

/** A tensor, or a range of rows of one, that trains: its name in the store, and where its first values are. */
export interface TrainedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Name in the checkpoint's files. */
  readonly file: string;
  /** Index of its first element in the file's tensor. */
  readonly first: number;
}

/** Bytes that are read and widened at a time; 16-bit values become twice as many. */
const PIECE_BYTES = 4 * 2 ** 20;
const BY_ROWS = ['model.embed_tokens.weight', 'lm_head.weight'];
/** Queries, keys and values of Qwen-VL's tower: published as one, rows in this order, and opened as three. */
const IN_THIRDS = /^visual\.blocks\.\d+\.attn\.qkv\.(weight|bias)$/;

/**
 * The tensors of a checkpoint that `wanted` names, in the files' order. Tables over the vocabulary are split by rows as
 * the decoder opens them, queries, keys and values of a tower as that does. Where the head is `tied`, it trains under the embedding's name, whatever the file calls it; a file that
 * has both gives the embedding's values, as loading in transformers does.
 */
export function trainedTensors(
  source: TensorSource,
  wanted: (name: string) => boolean,
  tied: boolean,
): TrainedTensor[] {
  const tensors = new Map<string, TrainedTensor>();
  for (const file of source.names()) {
    const name = nameOf(file, tied);
    if (!wanted(name)) continue;
    for (const tensor of pieces(name, file, source.info(file).shape)) {
      if (file === name || !tensors.has(tensor.name)) tensors.set(tensor.name, tensor);
    }
  }
  return [...tensors.values()];
}

function pieces(name: string, file: string, shape: readonly number[]): TrainedTensor[] {
  const [rows, cols] = shape;
  if (IN_THIRDS.test(name)) return thirds(name, file, shape);
  if (!BY_ROWS.includes(name) || rows === undefined || cols === undefined) {
    return [{ name, shape, file, first: 0 }];
  }
  return rowShards(name, [rows, cols]).map((shard) => ({
    name: shard.name,
    shape: [shard.rows, cols],
    file,
    first: shard.first * cols,
  }));
}

function thirds(name: string, file: string, [rows = 0, ...rest]: readonly number[]): TrainedTensor[] {
  const third = rows / 3;
  const width = rest.reduce((product, side) => product * side, 1);
  return [0, third, 2 * third].map((first) => ({
    name: `${name}#${first}`,
    shape: [third, ...rest],
    file,
    first: first * width,
  }));
}

/** Uploads the first values of trained tensors, widened to f32, a piece at a time. */
export async function loadTrained(
  gpu: Gpu,
  store: ParameterStore,
  source: TensorSource,
  tensors: readonly TrainedTensor[],
): Promise<void> {
  for (const { name, file, first } of tensors) {
    const { dtype } = source.info(file);
    const bytes = DTYPE_BYTES[dtype];
    const target = store.get(name);
    const [start, end] = [first * bytes, first * bytes + bytes * elements(target)];
    const { buffer, offset } = placed(target);
    for await (const piece of source.pieces(file, PIECE_BYTES, { start, end })) {
      if (firstNotFinite(dtype, piece.bytes) >= 0) throw await notFinite(source, file);
      const at = offset + (4 * (piece.offset - start)) / bytes;
      gpu.write(
        { ...target, storage: { kind: 'buffer', buffer, offset: at } },
        bytesToF32(dtype, piece.bytes),
      );
    }
  }
}

const elements = ({ shape }: Tensor): number => shape.reduce((product, side) => product * side, 1);

/** Present values of a checkpoint's tensor, put together from the ranges it trains in; undefined where it does not train. */
export async function readTrained(
  store: ParameterStore,
  name: string,
): Promise<Float32Array<ArrayBuffer> | undefined> {
  const parts: Float32Array[] = [];
  for (const part of store.names().filter((candidate) => shardedName(candidate) === name)) {
    parts.push(await store.read(part));
  }
  if (parts.length === 0) return undefined;
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

/** The name under which a tensor of the files trains, whole or in ranges of rows; undefined where it does not. */
export function trainedName(store: ParameterStore, file: string, tied: boolean): string | undefined {
  const name = nameOf(file, tied);
  return store.names().some((candidate) => shardedName(candidate) === name) ? name : undefined;
}

/** A tied head goes by the embedding's name, whatever the file calls it. */
const nameOf = (file: string, tied: boolean): string =>
  tied && file === 'lm_head.weight' ? 'model.embed_tokens.weight' : file;
