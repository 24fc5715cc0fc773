import type { MemoryLedger } from './ledger.ts';

/** The smallest buffer that is kept, in bytes; the others are its doubles. */
const SMALLEST = 256;
/** Larger ones are made for one reading: whole weights go through them, not what a step reports. */
const LARGEST_KEPT = 4 * 2 ** 20;

/**
 * So much of one size is made at a time, up to sixteen buffers: how many results are on their way together changes from step
 * to step, and no later step should have to ask for more.
 */
const SET_BYTES = 512 * 2 ** 10;
const MOST_IN_SET = 16;

/** `bytes` (whole words) from `offset` of `source`. */
export interface StagedPart {
  readonly source: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** A power of two, so that results of varying length share buffers; as it is where that is not kept. */
function sizeClass(bytes: number): number {
  if (bytes > LARGEST_KEPT) return bytes;
  return Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)));
}

/** Reads buffers back by way of mappable ones that are kept for the next time. */
export class StagingPool {
  readonly #device: GPUDevice;
  readonly #ledger: MemoryLedger;
  readonly #free = new Map<number, GPUBuffer[]>();

  constructor(device: GPUDevice, ledger: MemoryLedger) {
    this.#device = device;
    this.#ledger = ledger;
  }

  /** The bytes of all parts, one after the other, when everything submitted before has run. */
  async read(parts: readonly StagedPart[]): Promise<ArrayBuffer> {
    const label = parts.map(({ source }) => source.label).join(', ');
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const staging = this.#take(sizeClass(bytes), label);
    try {
      const encoder = this.#device.createCommandEncoder({ label: `read ${label}` });
      let at = 0;
      for (const part of parts) {
        encoder.copyBufferToBuffer(part.source, part.offset, staging, at, part.bytes);
        at += part.bytes;
      }
      this.#device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ, 0, bytes);
      const copy = staging.getMappedRange(0, bytes).slice(0);
      staging.unmap();
      this.#keep(staging);
      return copy;
    } catch (error) {
      this.#drop(staging);
      throw error;
    }
  }

  #take(size: number, label: string): GPUBuffer {
    const known = this.#free.get(size)?.pop();
    if (known) return known;
    const rest = Math.min(MOST_IN_SET, Math.floor(SET_BYTES / size)) - 1;
    for (let made = 0; made < rest; made++) this.#keep(this.#make(size, label));
    return this.#make(size, label);
  }

  #make(size: number, label: string): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#ledger.add('staging', size);
    return this.#device.createBuffer({ label: `staging of ${label}`, size, usage });
  }

  #keep(staging: GPUBuffer): void {
    const free = this.#free.get(staging.size) ?? [];
    if (staging.size > LARGEST_KEPT) this.#drop(staging);
    else this.#free.set(staging.size, [...free, staging]);
  }

  /** Frees what is kept. */
  trim(): void {
    for (const buffers of this.#free.values()) for (const staging of buffers) this.#drop(staging);
    this.#free.clear();
  }

  #drop(staging: GPUBuffer): void {
    this.#ledger.remove('staging', staging.size);
    staging.destroy();
  }
}
