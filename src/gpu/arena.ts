import type { Gpu } from './device.ts';
import type { MemoryPart } from './ledger.ts';

/**
 * Buffers that all plans of one model draw their memory objects from. Plans never run at the same time, so they may
 * share; a plan takes the smallest free buffers that hold its objects and asks for new ones only where none fits (why not offsets in one buffer: D-004).
 */
export class Arena {
  readonly #gpu: Gpu;
  readonly #part: MemoryPart;
  readonly #label: string;
  #buffers: GPUBuffer[] = [];

  constructor(gpu: Gpu, label: string, part: MemoryPart = 'activations') {
    this.#gpu = gpu;
    this.#label = label;
    this.#part = part;
  }

  /** A buffer for each of `sizes` (bytes), all different from one another. */
  take(sizes: readonly number[]): GPUBuffer[] {
    const free = [...this.#buffers].sort((a, b) => a.size - b.size);
    const taken = new Array<GPUBuffer>(sizes.length);
    const order = sizes.map((size, index) => ({ size, index })).sort((a, b) => b.size - a.size);
    for (const { size, index } of order) {
      const at = free.findIndex((buffer) => buffer.size >= size);
      const buffer = at >= 0 ? free.splice(at, 1)[0]! : this.#grow(size);
      taken[index] = buffer;
    }
    return taken;
  }

  #grow(size: number): GPUBuffer {
    const buffer = this.#gpu.buffer(this.#part, `${this.#label} ${this.#buffers.length}`, size);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Bytes of all buffers. */
  get bytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) this.#gpu.release(buffer);
    this.#buffers = [];
  }
}
