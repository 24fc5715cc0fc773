import { DeviceClock } from './device-clock.ts';
import { MemoryLedger, type MemoryPart } from './ledger.ts';
import { FULL_PACE, type Pace } from './pace.ts';
import { PipelineCache } from './pipelines.ts';
import { type AdapterFacts, isSoftwareAdapter } from './software.ts';
import { StagingPool } from './staging.ts';
import { byteLength, type DType, type Tensor } from './tensor.ts';
import type { Traits } from './traits.ts';

export interface GpuOptions {
  readonly info?: AdapterFacts;
  /** Those of another device, in place of what is found. */
  readonly traits?: Traits;
}

/** Threads of every subgroup, or 0 where shaders may use none or their size varies. */
function lanesOf({ features }: GPUDevice, { subgroupMinSize, subgroupMaxSize }: AdapterFacts): number {
  const known = features.has('subgroups') && subgroupMinSize === subgroupMaxSize;
  return known ? (subgroupMinSize ?? 0) : 0;
}

/** Words of a tensor. */
export interface WordRange {
  readonly tensor: Tensor;
  readonly first: number;
  readonly count: number;
}

/** Rounded up to a multiple of four, as every copy needs. */
const wholeWords = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);

/** One WebGPU device with everything the engine keeps per device: pipelines, memory ledger, live buffers. */
export class Gpu {
  readonly device: GPUDevice;
  readonly ledger = new MemoryLedger();
  readonly pipelines: PipelineCache;
  /** How closely the submissions of plans follow one another; may change between two runs of a plan. */
  pace: Pace = FULL_PACE;
  /** Times parts of a step. */
  readonly clock: DeviceClock;
  readonly info: Pick<AdapterFacts, 'vendor' | 'architecture' | 'description'>;
  /** May be replaced before anything is recorded: plans keep to what they were recorded with. */
  traits: Traits;
  readonly #staging: StagingPool;
  readonly #live = new Map<GPUBuffer, { part: MemoryPart; bytes: number }>();

  constructor(device: GPUDevice, options: GpuOptions = {}) {
    this.device = device;
    this.pipelines = PipelineCache.of(device);
    this.#staging = new StagingPool(device, this.ledger);
    this.clock = new DeviceClock(this);
    const facts = options.info ?? { vendor: 'unknown', architecture: '', description: '' };
    const { vendor, architecture, description } = facts;
    this.info = { vendor, architecture, description };
    const isSoftware = isSoftwareAdapter(facts);
    const halves = device.features.has('shader-f16');
    this.traits = options.traits ?? { isSoftware, lanes: lanesOf(device, facts), halves };
  }

  /** Whether the adapter is the processor itself. */
  get isSoftware(): boolean {
    return this.traits.isSoftware;
  }

  /** A zero-filled storage buffer, accounted under `part`. Throws with the limit's name if it cannot be bound. */
  buffer(part: MemoryPart, label: string, bytes: number): GPUBuffer {
    const size = wholeWords(bytes);
    const limit = this.device.limits.maxStorageBufferBindingSize;
    if (size > limit) {
      throw new Error(
        `${label}: ${size} bytes exceed this device's maxStorageBufferBindingSize of ${limit}. Split the tensor.`,
      );
    }
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const usage = STORAGE | UNIFORM | COPY_SRC | COPY_DST;
    return this.#create(part, { label, size, usage });
  }

  /** A buffer of `bytes` with uniform structs, accounted under 'inputs'. */
  uniformBuffer(label: string, bytes: Uint8Array<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = this.#create('inputs', { label, size: bytes.byteLength, usage });
    this.device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  }

  /** A buffer that query sets are resolved into, accounted under 'staging'. */
  queryBuffer(label: string, bytes: number): GPUBuffer {
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    return this.#create('staging', { label, size: bytes, usage });
  }

  #create(part: MemoryPart, descriptor: GPUBufferDescriptor): GPUBuffer {
    const { size } = descriptor;
    const buffer = this.device.createBuffer(descriptor);
    this.ledger.add(part, size);
    this.#live.set(buffer, { part, bytes: size });
    return buffer;
  }

  /** A tensor in a buffer of its own, zero-filled. */
  tensor(part: MemoryPart, label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const buffer = this.buffer(part, label, byteLength({ shape, dtype }));
    return { label, shape, dtype, storage: { kind: 'buffer', buffer, offset: 0 } };
  }

  /** A tensor in a buffer of its own, filled with `data` (raw bytes of its dtype). */
  upload(
    part: MemoryPart,
    label: string,
    shape: readonly number[],
    data: Float32Array | Uint32Array | Int32Array | Uint16Array,
    dtype: DType = 'f32',
  ): Tensor {
    const tensor = this.tensor(part, label, shape, dtype);
    this.write(tensor, data);
    return tensor;
  }

  /** Overwrites the start of a tensor's bytes with `data`. */
  write(
    tensor: Tensor,
    data: Float32Array | Uint32Array | Int32Array | Uint16Array | Uint8Array,
    firstWord = 0,
  ): void {
    const { buffer, offset: start } = placed(tensor);
    const offset = start + 4 * firstWord;
    if (4 * firstWord + data.byteLength > byteLength(tensor)) {
      throw new Error(`${tensor.label}: ${data.byteLength} bytes do not fit its ${byteLength(tensor)}.`);
    }
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const whole = bytes.byteLength - (bytes.byteLength % 4);
    if (whole > 0) this.device.queue.writeBuffer(buffer, offset, bytes, 0, whole);
    if (whole < bytes.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.device.queue.writeBuffer(buffer, offset + whole, tail);
    }
  }

  /** Reads a tensor's bytes back; resolves when everything submitted before has run. */
  async readBytes(tensor: Tensor, bytes = byteLength(tensor)): Promise<ArrayBuffer> {
    const { buffer, offset } = placed(tensor);
    return await this.readBuffer(buffer, offset, wholeWords(bytes));
  }

  /** The same of a buffer's bytes: whole words. */
  readBuffer(buffer: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    return this.#staging.read([{ source: buffer, offset, bytes }]);
  }

  /** Reads words of several tensors back at once, one part after the other. */
  async readWords(parts: readonly WordRange[]): Promise<Uint32Array> {
    const staged = parts.map(({ tensor, first, count }) => {
      const { buffer, offset } = placed(tensor);
      return { source: buffer, offset: offset + 4 * first, bytes: 4 * count };
    });
    return new Uint32Array(await this.#staging.read(staged));
  }

  /** Reads an f32 tensor back. */
  async read(tensor: Tensor): Promise<Float32Array> {
    return new Float32Array(await this.readBytes(tensor));
  }

  /** Reads a u32 tensor back. */
  async readU32(tensor: Tensor): Promise<Uint32Array> {
    return new Uint32Array(await this.readBytes(tensor));
  }

  /** Frees the buffers that are kept for reading back and for timing; who needs them next makes them anew. */
  trim(): void {
    this.clock.trim();
    this.#staging.trim();
  }

  /** Frees a buffer and takes it off the ledger. */
  release(buffer: GPUBuffer): void {
    const entry = this.#live.get(buffer);
    if (!entry) return;
    this.#live.delete(buffer);
    this.ledger.remove(entry.part, entry.bytes);
    buffer.destroy();
  }

  /** Frees the buffers of tensors that have their own. */
  free(...tensors: Tensor[]): void {
    for (const tensor of tensors) this.release(placed(tensor).buffer);
  }

  /** Runs `work` inside a validation error scope and throws what the device complained about. */
  async checked<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    this.device.pushErrorScope('validation');
    this.device.pushErrorScope('out-of-memory');
    // Work that is done when it returns is popped at once: what others do meanwhile stays out of its scopes.
    const pop = () => Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]);
    let result: T;
    try {
      const working = work();
      result = working instanceof Promise ? await working : working;
    } catch (error) {
      await pop();
      throw error;
    }
    const [memory, validation] = await pop();
    if (memory) throw new Error(`${what}: the GPU is out of memory. ${memory.message}`);
    if (validation) throw new Error(`${what}: ${validation.message}`);
    return result;
  }
}

/** `count` f32 values of a placed tensor, from its value `from` on, become those of another from `to` on, in the queue's order. */
export function copyWords(
  { device }: Pick<Gpu, 'device'>,
  source: { readonly tensor: Tensor; readonly from?: number },
  target: { readonly tensor: Tensor; readonly to?: number },
  count: number,
): void {
  const [out, into] = [placed(source.tensor), placed(target.tensor)];
  const [first, start] = [out.offset + 4 * (source.from ?? 0), into.offset + 4 * (target.to ?? 0)];
  const encoder = device.createCommandEncoder({ label: `${source.tensor.label} to ${target.tensor.label}` });
  encoder.copyBufferToBuffer(out.buffer, first, into.buffer, start, 4 * count);
  device.queue.submit([encoder.finish()]);
}

/** All values of a placed tensor become zero, in the queue's order. */
export function clear({ device }: Pick<Gpu, 'device'>, tensor: Tensor): void {
  const { buffer, offset } = placed(tensor);
  const encoder = device.createCommandEncoder({ label: `clear ${tensor.label}` });
  encoder.clearBuffer(buffer, offset, byteLength(tensor));
  device.queue.submit([encoder.finish()]);
}

/** Buffer and offset of a tensor that is already placed; a planned one has them only inside its plan. */
export function placed(tensor: Tensor): { buffer: GPUBuffer; offset: number } {
  if (tensor.storage.kind === 'planned') {
    throw new Error(`${tensor.label} lives only inside its plan; mark it with keep() to read it.`);
  }
  return tensor.storage;
}
