import { type DType, type Gpu, placed, reshape, sizeOf, type Tensor } from '../gpu/index.ts';
import { inMultiplesOf } from '../io/files/bytes.ts';
import { bytesToF32, DTYPE_BYTES, type Dtype } from '../io/tensors/dtype.ts';
import type { TensorSource } from '../io/tensors/safetensors.ts';
import { InputError } from '../math/errors.ts';
import { withinF16 } from '../math/half.ts';
import { BLOCK, GROUP, quantise, type WeightBits } from '../math/quantise.ts';
import { firstNotFinite, notFinite } from './finite.ts';
import { rowShards } from './row-shards.ts';

export interface OpenOptions {
  /** Widen to f32 whatever the file holds; vectors always are. */
  readonly as?: 'f32';
}

/**
 * Opens a weight by the name it has when everything lies in one file (`model.layers.0…`). Returns at once; the bytes
 * arrive with the loader's `load()`. Throws an InputError if it is missing or has another shape.
 */
export type Weights = (name: string, shape: readonly number[], options?: OpenOptions) => Tensor;

/** Opens some rows of a weight that other code wants whole. */
export type WeightParts = (name: string, shape: readonly number[], first: number, rows: number) => Tensor;

/** One set of files and the names its tensors have there. */
export interface WeightSource {
  readonly source: TensorSource;
  /** Names under which the tensor may lie in this source, most likely first; none if it cannot be here. */
  readonly aliases: (name: string) => readonly string[];
}

/** Tensors that were placed elsewhere, say in a parameter store, by the same names. */
export type PlacedTensors = (name: string) => Tensor | undefined;

/** What a matrix is quantised to on the way in, by the name it was opened with; undefined: it stays as published. */
export type QuantisedAs = (name: string) => 'q8' | 'q4' | undefined;

const FLOATS: Partial<Record<Dtype, DType>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };
/** Bytes per upload: small enough for any queue, large enough to be fast. */
const UPLOAD_BYTES = 16 << 20;
/** Bytes of the file that are converted at a time: their values in f32 take up to twice as many, until they are collected. */
const CONVERT_BYTES = 4 << 20;

interface Found {
  readonly source: TensorSource;
  readonly file: string;
}

interface Pending {
  readonly tensor: Tensor;
  readonly found: Found;
  /** First and last byte in the file's tensor. */
  readonly start: number;
  readonly end: number;
}

/** Looks weights up in checkpoint files and uploads them, each once, as published or quantised on the way in. */
export class WeightLoader {
  readonly #gpu: Gpu;
  readonly #sources: readonly WeightSource[];
  readonly #placed: PlacedTensors;
  readonly #quantisedAs: QuantisedAs;
  readonly #notQuantised = new Set<string>();
  readonly #opened = new Map<string, Tensor>();
  readonly #used = new Map<TensorSource, Set<string>>();
  #pending: Pending[] = [];

  constructor(
    gpu: Gpu,
    sources: readonly WeightSource[],
    placedTensors: PlacedTensors = () => undefined,
    quantisedAs: QuantisedAs = () => undefined,
  ) {
    this.#gpu = gpu;
    this.#sources = sources;
    this.#placed = placedTensors;
    this.#quantisedAs = quantisedAs;
  }

  /** A tensor that was opened before, by name. */
  opened(name: string): Tensor | undefined {
    return this.#opened.get(name);
  }

  /** Whether any source has the tensor. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Shape of a tensor in its file. */
  shapeOf(name: string): readonly number[] {
    const { source, file } = this.#demand(name);
    return source.info(file).shape;
  }

  readonly open: Weights = (name, shape, options = {}) => {
    const tensor = this.#openRange(name, shape, 0, sizeOf(shape), options, name);
    return reshape(tensor, shape);
  };

  /** Opens a matrix as consecutive row ranges that each fit one binding. */
  readonly openRows = (name: string, shape: readonly [number, number]): readonly Tensor[] => {
    const cols = shape[1];
    // Before any range of rows is made: a config may name more rows than memory has.
    const found = this.#find(name);
    if (found) checkShape(found, found.source.info(found.file).shape, shape);
    return rowShards(name, shape).map((shard) => {
      const range = this.#openRange(name, shape, shard.first * cols, shard.rows * cols, {}, shard.name);
      return reshape(range, [shard.rows, cols]);
    });
  };

  /**
   * Opens rows first … first + rows of a matrix or vector as a tensor of their own; `shape` is that of the whole. Throws where
   * the whole was placed elsewhere: a part would not follow it.
   */
  readonly openPart: WeightParts = (name, shape, first, rows) => {
    if (this.#placed(name)) throw new Error(`openPart: ${name} is trained as a whole.`);
    const width = sizeOf(shape.slice(1));
    const part = this.#openRange(name, shape, first * width, rows * width, {}, `${name}#${first}`);
    return reshape(part, [rows, ...shape.slice(1)]);
  };

  #openRange(
    name: string,
    shape: readonly number[],
    first: number,
    count: number,
    options: OpenOptions,
    key: string,
  ): Tensor {
    const known = this.#placed(key) ?? this.#opened.get(key);
    const found = known ? this.#find(name) : this.#demand(name);
    if (found) this.#markUsed(found);
    if (known) return known;
    const info = found!.source.info(found!.file);
    checkShape(found!, info.shape, shape);
    const published = FLOATS[info.dtype];
    if (!published) {
      throw new InputError(
        `${found!.source.label}: tensor "${found!.file}" is ${info.dtype}, expected F32, F16 or BF16.`,
      );
    }
    const widened = options.as === 'f32' || shape.length === 1;
    const dtype = widened ? 'f32' : (this.#quantisedFormat(name, shape) ?? published);
    const plain = this.#gpu.tensor('weights', key, [count], dtype);
    const tensor = dtype === 'bf16' ? { ...plain, range: { withinF16: true } } : plain;
    const bytes = DTYPE_BYTES[info.dtype];
    this.#opened.set(key, tensor);
    this.#pending.push({ tensor, found: found!, start: first * bytes, end: (first + count) * bytes });
    return tensor;
  }

  #quantisedFormat(name: string, shape: readonly number[]): 'q8' | 'q4' | undefined {
    const format = this.#quantisedAs(name);
    if (!format) return undefined;
    if (shape.length === 2 && shape[1]! % BLOCK === 0) return format;
    this.#notQuantised.add(`${name} [${shape.join(', ')}]`);
    return undefined;
  }

  /** Matrices that should have been quantised but have rows that are not whole blocks: names with shapes. */
  notQuantised(): string[] {
    return [...this.#notQuantised];
  }

  #find(name: string): Found | undefined {
    for (const { source, aliases } of this.#sources) {
      for (const file of aliases(name)) if (source.has(file)) return { source, file };
    }
    return undefined;
  }

  #demand(name: string): Found {
    const found = this.#find(name);
    if (found) return found;
    const labels = this.#sources.map(({ source }) => source.label).join(', ');
    throw new InputError(`Tensor "${name}" is missing in ${labels}.`, {
      hint: 'Check that config.json describes this checkpoint and that no shard or tower folder was left out.',
    });
  }

  #markUsed({ source, file }: Found): void {
    const used = this.#used.get(source) ?? new Set();
    used.add(file);
    this.#used.set(source, used);
  }

  /** Uploads everything opened since the last call, tensor by tensor. Where that fails, nothing stays on the device. */
  async load(progress: (doneBytes: number, totalBytes: number) => void = () => undefined): Promise<void> {
    try {
      await this.#load(progress);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  async #load(progress: (doneBytes: number, totalBytes: number) => void): Promise<void> {
    const total = this.#pending.reduce((sum, { start, end }) => sum + end - start, 0);
    let done = 0;
    for (const pending of this.#pending) {
      await this.#upload(pending);
      done += pending.end - pending.start;
      progress(done, total);
    }
    this.#pending = [];
  }

  async #upload(pending: Pending): Promise<void> {
    let offset = 0;
    for await (const values of contentsOf(pending)) {
      this.#noteRange(pending.tensor, values);
      this.#gpu.write(startingAt(pending.tensor, offset), values);
      offset += values.byteLength;
    }
  }

  /** Products by way of f16 would make bf16 weights beyond its range infinite: where one is met, the tensor says so. */
  #noteRange({ range }: Tensor, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
    if (!range?.withinF16 || !this.#gpu.traits.halves) return;
    range.withinF16 = withinF16(new Uint16Array(buffer, byteOffset, byteLength / 2));
  }

  /** Tensors of the files that no part of the model asked for. */
  unused(): string[] {
    return this.#sources.flatMap(({ source }) =>
      source.names().filter((name) => !this.#used.get(source)?.has(name)),
    );
  }

  /** Frees everything this loader uploaded. */
  [Symbol.dispose](): void {
    this.#gpu.free(...this.#opened.values());
    this.#opened.clear();
  }
}

/** What a pending tensor is to hold, in order: the bytes of its file, or what they are widened or quantised to. */
function contentsOf(pending: Pending): AsyncGenerator<Uint8Array | Float32Array | Uint32Array> {
  const { tensor, found } = pending;
  if (FLOATS[found.source.info(found.file).dtype] === tensor.dtype) return bytesOf(pending, UPLOAD_BYTES);
  if (tensor.dtype === 'q8') return quantisedOf(pending, 8);
  if (tensor.dtype === 'q4') return quantisedOf(pending, 4);
  return widenedOf(pending);
}

/** What a pending tensor takes of its file, a piece at a time. @throws InputError where a value is not finite */
async function* bytesOf({ found, start, end }: Pending, pieceBytes: number) {
  const { source, file } = found;
  const { dtype } = source.info(file);
  for await (const { bytes } of source.pieces(file, pieceBytes, { start, end })) {
    if (firstNotFinite(dtype, bytes) >= 0) throw await notFinite(source, file);
    yield bytes;
  }
}

async function* widenedOf(pending: Pending) {
  const { dtype } = pending.found.source.info(pending.found.file);
  for await (const bytes of bytesOf(pending, CONVERT_BYTES)) yield bytesToF32(dtype, bytes);
}

async function* quantisedOf(pending: Pending, bits: WeightBits) {
  const { source, file } = pending.found;
  const { dtype } = source.info(file);
  const label = `${source.label}: tensor "${file}"`;
  for await (const bytes of inMultiplesOf(bytesOf(pending, CONVERT_BYTES), GROUP * DTYPE_BYTES[dtype])) {
    yield quantise(bytesToF32(dtype, bytes), bits, label);
  }
}

/** The tensor's memory from a byte on. */
function startingAt(tensor: Tensor, offset: number): Tensor {
  const { buffer, offset: start } = placed(tensor);
  return { ...tensor, storage: { kind: 'buffer', buffer, offset: start + offset } };
}

function checkShape(found: Found, actual: readonly number[], expected: readonly number[]): void {
  if (actual.length === expected.length && actual.every((extent, axis) => extent === expected[axis])) return;
  throw new InputError(
    `${found.source.label}: tensor "${found.file}" has the shape [${actual.join(', ')}], expected [${expected.join(', ')}].`,
    { hint: 'The config.json describes another model than these weights.' },
  );
}
