import type { Gpu } from './device.ts';

/** Buffers begin at this size; WebGPU's default maxBufferSize is twice as large. */
const LARGEST_BYTES = 128 * 2 ** 20;
/** Smaller pieces are not worth asking for. */
const SMALLEST_BYTES = 2 ** 20;

/**
 * How much of `bytes` the device can allocate in addition to what is allocated. WebGPU does not tell how much memory is free, so
 * buffers are made, smaller ones once one fails, and all are let go of again.
 */
export async function probeMemory({ device }: Pick<Gpu, 'device'>, bytes: number): Promise<number> {
  const buffers: GPUBuffer[] = [];
  let held = 0;
  let piece = LARGEST_BYTES;
  try {
    while (held < bytes && piece >= SMALLEST_BYTES) {
      const size = Math.min(piece, Math.ceil((bytes - held) / 4) * 4);
      device.pushErrorScope('out-of-memory');
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      buffers.push(device.createBuffer({ label: 'memory probe', size, usage }));
      if (await device.popErrorScope()) piece = Math.min(piece, size) / 2;
      else held += size;
    }
    return Math.min(held, bytes);
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}
