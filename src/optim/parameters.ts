import {
  fillZeros,
  type Gpu,
  type MemoryPart,
  placed,
  type Recorder,
  sizeOf,
  type Tensor,
} from '../gpu/index.ts';

/** WebGPU's default maxStorageBufferBindingSize: the same on all devices, so that sums over chunks are the same, too. */
const CHUNK_BYTES = 128 * 2 ** 20;
/** WebGPU's default minStorageBufferOffsetAlignment, in f32 elements. */
const ALIGNED_ELEMENTS = 64;

/** A trainable tensor to be: its name, shape and first values (zeros where absent). */
export interface ParameterInit {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data?: Float32Array;
}

/** Where a parameter lies inside its chunk, in elements. */
export interface Slot {
  readonly name: string;
  readonly start: number;
  readonly count: number;
}

/** One flat buffer of values and one of gradients; the gaps between slots are zero and stay zero. */
export interface ParameterChunk {
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly slots: readonly Slot[];
}

interface Place {
  readonly tensor: Tensor;
  readonly chunk: number;
  readonly slot: Slot;
}

/** Elements rounded up so that the next tensor starts at a bindable offset. */
const padded = (count: number): number => Math.ceil(count / ALIGNED_ELEMENTS) * ALIGNED_ELEMENTS;

/** Fills chunks in the given order; a tensor never spans two. */
function layOut(parameters: readonly ParameterInit[], limit: number): Slot[][] {
  const chunks: Slot[][] = [];
  let used = limit;
  for (const { name, shape } of parameters) {
    const count = sizeOf(shape);
    if (count > limit) {
      throw new Error(
        `Parameter ${name} [${shape.join(', ')}] takes ${4 * count} bytes, a chunk holds ${4 * limit}. Split it by rows.`,
      );
    }
    if (used + count > limit) {
      chunks.push([]);
      used = 0;
    }
    chunks[chunks.length - 1]!.push({ name, start: used, count });
    used += padded(count);
  }
  return chunks;
}

/**
 * The trained tensors of a run, f32, with their gradients. Both are packed in flat chunks, so that clearing, norm and
 * optimizer are a few dispatches whatever the number of tensors. Tensors keep the order they were given in.
 */
export class ParameterStore {
  readonly chunks: readonly ParameterChunk[];
  readonly #gpu: Gpu;
  readonly #places = new Map<string, Place>();

  /** Throws when a name repeats, data has not its shape's size, or a tensor does not fit a chunk. */
  constructor(gpu: Gpu, parameters: readonly ParameterInit[], options: { chunkBytes?: number } = {}) {
    this.#gpu = gpu;
    const bytes = Math.min(options.chunkBytes ?? CHUNK_BYTES, gpu.device.limits.maxStorageBufferBindingSize);
    const inits = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    if (inits.size < parameters.length) throw new Error('ParameterStore: two parameters have the same name.');
    const limit = Math.floor(bytes / 4 / ALIGNED_ELEMENTS) * ALIGNED_ELEMENTS;
    this.chunks = layOut(parameters, limit).map((slots, index) => this.#makeChunk(slots, index, inits));
    for (const { name, data } of parameters) if (data) this.write(name, data);
  }

  #makeChunk(
    slots: readonly Slot[],
    index: number,
    inits: ReadonlyMap<string, ParameterInit>,
  ): ParameterChunk {
    const last = slots[slots.length - 1]!;
    const size = [padded(last.start + last.count)];
    const values = this.#gpu.tensor('trainable', `parameters ${index}`, size);
    const gradients = this.#gpu.tensor('gradients', `gradients ${index}`, size);
    for (const slot of slots) {
      const { shape } = inits.get(slot.name)!;
      const grad = part(gradients, slot, shape, `d ${slot.name}`);
      const tensor = { ...part(values, slot, shape), grad };
      this.#places.set(slot.name, { tensor, chunk: index, slot });
    }
    return { values, gradients, slots };
  }

  /** Names in order. */
  names(): readonly string[] {
    return [...this.#places.keys()];
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Number of trained values. */
  get size(): number {
    return [...this.#places.values()].reduce((sum, { slot }) => sum + slot.count, 0);
  }

  /** The trainable tensor, its gradient under `.grad`. Throws when there is none of that name. */
  get(name: string): Tensor {
    return this.#place(name).tensor;
  }

  /** Chunk index and slot of a parameter, for state that is laid out alike. */
  locate(name: string): { chunk: number; slot: Slot } {
    return this.#place(name);
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (!place) throw new Error(`ParameterStore: no parameter ${name} among ${this.#places.size}.`);
    return place;
  }

  /** Records that all gradients become zero. */
  zeroGradients(recorder: Recorder): void {
    for (const { gradients } of this.chunks) fillZeros(recorder, gradients);
  }

  /** Present values, in the tensor's order. */
  async read(name: string): Promise<Float32Array> {
    return readExact(this.#gpu, this.get(name));
  }

  /** Present gradient. */
  async readGradient(name: string): Promise<Float32Array> {
    return readExact(this.#gpu, this.get(name).grad!);
  }

  /** Overwrites a parameter. */
  write(name: string, data: Float32Array): void {
    writeExact(this.#gpu, this.get(name), data);
  }

  /** A copy of all present values that training leaves alone: a reference model. */
  freeze(memory: MemoryPart = 'weights'): FrozenCopy {
    return new FrozenCopy(this.#gpu, this, memory);
  }

  [Symbol.dispose](): void {
    for (const { values, gradients } of this.chunks) this.#gpu.free(values, gradients);
  }
}

/** Values of a store as they were, under the same names, without gradients. */
export class FrozenCopy {
  readonly #gpu: Gpu;
  readonly #store: ParameterStore;
  readonly #chunks: readonly Tensor[];

  constructor(gpu: Gpu, store: ParameterStore, memory: MemoryPart) {
    this.#gpu = gpu;
    this.#store = store;
    this.#chunks = store.chunks.map(({ values }) =>
      gpu.tensor(memory, `frozen ${values.label}`, values.shape),
    );
    this.refresh();
  }

  /** The copy of a parameter. */
  get(name: string): Tensor {
    const { chunk, slot } = this.#store.locate(name);
    return part(this.#chunks[chunk]!, slot, this.#store.get(name).shape);
  }

  /** Takes the store's present values again. */
  refresh(): void {
    const encoder = this.#gpu.device.createCommandEncoder({ label: 'freeze parameters' });
    this.#store.chunks.forEach(({ values }, index) => {
      const [from, to] = [placed(values), placed(this.#chunks[index]!)];
      encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, 4 * sizeOf(values.shape));
    });
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  [Symbol.dispose](): void {
    this.#gpu.free(...this.#chunks);
  }
}

/** The tensor at `slot` of a flat chunk. */
export function part(chunk: Tensor, slot: Slot, shape: readonly number[], label = slot.name): Tensor {
  const { buffer, offset } = placed(chunk);
  return { label, shape, dtype: 'f32', storage: { kind: 'buffer', buffer, offset: offset + 4 * slot.start } };
}

/** An f32 tensor's values, exactly as many as its shape says. */
export async function readExact(gpu: Gpu, tensor: Tensor): Promise<Float32Array> {
  return (await gpu.read(tensor)).slice(0, sizeOf(tensor.shape));
}

/** Overwrites a whole f32 tensor. Throws when `data` has another size. */
export function writeExact(gpu: Gpu, tensor: Tensor, data: Float32Array): void {
  const count = sizeOf(tensor.shape);
  if (data.length !== count) {
    throw new Error(
      `${tensor.label} [${tensor.shape.join(', ')}] has ${count} values, the data ${data.length}.`,
    );
  }
  gpu.write(tensor, data);
}
