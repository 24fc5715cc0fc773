import { f32ToBytes } from '../tensors/dtype.ts';
import type { FileToWrite } from '../writing/file-to-write.ts';
import { zipBytes, zipPieces } from '../writing/zip.ts';
import { call, global, type PickleValue, persistent, pickle, tuple } from './pickle.ts';

/** An f32 tensor to be saved; `read` is called once per writing, when its turn comes. */
interface Storage {
  readonly count: number;
  read(): Promise<Float32Array>;
}

/**
 * A file as torch.save writes it and torch.load reads it, `weights_only` too: a zip archive, uncompressed, with a pickle
 * of the object (`data.pkl`) and the raw values of each tensor (`data/0`, `data/1` …). The object is put together first,
 * with `tensor` for its tensors; values are read while the file is written.
 */
export class TorchFile {
  readonly #storages: Storage[] = [];

  /** An f32 tensor, row-major; shape [] is a scalar. The result belongs into the object given to `file`. */
  tensor(shape: readonly number[], read: () => Promise<Float32Array>): PickleValue {
    const count = shape.reduce((product, side) => product * side, 1);
    const key = String(this.#storages.length);
    this.#storages.push({ count, read });
    const storage = persistent(tuple('storage', global('torch', 'FloatStorage'), key, 'cpu', count));
    return call(
      global('torch._utils', '_rebuild_tensor_v2'),
      storage,
      0,
      tuple(...shape),
      tuple(...stridesOf(shape)),
      false,
      call(global('collections', 'OrderedDict')),
    );
  }

  /** The file that holds `root`. */
  file(path: string, root: PickleValue): FileToWrite {
    const stem = path.slice(path.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
    const text = (line: string) => new TextEncoder().encode(line);
    const entries = [
      entry(`${stem}/data.pkl`, pickle(root)),
      entry(`${stem}/byteorder`, text('little')),
      ...this.#storages.map((storage, key) => storageEntry(`${stem}/data/${key}`, storage)),
      entry(`${stem}/version`, text('3\n')),
    ];
    return { path, bytes: zipBytes(entries), pieces: () => zipPieces(entries) };
  }
}

function entry(path: string, bytes: Uint8Array<ArrayBuffer>): FileToWrite {
  return {
    path,
    bytes: bytes.byteLength,
    async *pieces() {
      yield bytes;
    },
  };
}

function storageEntry(path: string, { count, read }: Storage): FileToWrite {
  return {
    path,
    bytes: 4 * count,
    async *pieces() {
      const values = await read();
      if (values.length !== count)
        throw new RangeError(`torch file: ${path} holds ${count} values, was given ${values.length}.`);
      yield f32ToBytes('F32', Float32Array.from(values));
    },
  };
}

/** Elements between neighbours along each axis of a row-major tensor. */
function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (const side of [...shape].reverse()) {
    strides.unshift(step);
    step *= side;
  }
  return strides;
}
