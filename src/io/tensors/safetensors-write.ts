import type { FileToWrite } from '../writing/file-to-write.ts';
import { DTYPE_BYTES, type Dtype } from './dtype.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A tensor to be written; `bytes` is called once, when its turn comes, so that only one tensor need be in memory. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** All its bytes, or pieces of them in order where even one tensor is too much at a time. */
  bytes(): Promise<Bytes> | Bytes | AsyncIterable<Bytes>;
}

/** Bytes of a tensor's values. */
export function byteLength(tensor: Pick<TensorToWrite, 'dtype' | 'shape'>): number {
  return tensor.shape.reduce((count, side) => count * side, DTYPE_BYTES[tensor.dtype]);
}

/** The order on disk: wider types first, so that every tensor is aligned, then by name. */
function inFileOrder(tensors: readonly TensorToWrite[]): TensorToWrite[] {
  const wider = (a: TensorToWrite, b: TensorToWrite) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype];
  return [...tensors].sort((a, b) => wider(a, b) || (a.name < b.name ? -1 : 1));
}

/** Header length (u64, little-endian) and JSON header, padded with spaces to a multiple of 8. */
function headerBytes(
  ordered: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let offset = 0;
  for (const tensor of ordered) {
    const end = offset + byteLength(tensor);
    entries.push([tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const names = new Set(ordered.map(({ name }) => name));
  if (names.size !== ordered.length)
    throw new RangeError('safetensors: two tensors to write have the same name.');
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}

/** The file piece by piece: header, then each tensor. For writing straight to a file on disk. */
export async function* safetensorsParts(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const ordered = inFileOrder(tensors);
  yield headerBytes(ordered, metadata);
  for (const tensor of ordered) {
    let given = 0;
    for await (const piece of piecesOf(await tensor.bytes())) {
      given += piece.byteLength;
      yield piece;
    }
    if (given !== byteLength(tensor)) {
      throw new RangeError(
        `safetensors: tensor "${tensor.name}" of shape [${tensor.shape.join(', ')}] and dtype ${tensor.dtype} needs ` +
          `${byteLength(tensor)} bytes, was given ${given}.`,
      );
    }
  }
}

async function* piecesOf(bytes: Bytes | AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  if (bytes instanceof Uint8Array) yield bytes;
  else yield* bytes;
}

/** A safetensors file that is made while it is written. */
export function safetensorsFile(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): FileToWrite {
  const header = headerBytes(inFileOrder(tensors), metadata).byteLength;
  const bytes = tensors.reduce((sum, tensor) => sum + byteLength(tensor), header);
  return { path, bytes, pieces: () => safetensorsParts(tensors, metadata) };
}

/** The file as one Blob. Each tensor is wrapped in a Blob of its own at once, which the browser may keep on disk. */
export async function writeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<Blob> {
  const parts: Blob[] = [];
  for await (const part of safetensorsParts(tensors, metadata)) parts.push(new Blob([part]));
  return new Blob(parts, { type: 'application/octet-stream' });
}
