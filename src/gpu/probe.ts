import type { Gpu } from './device.ts';

/** Buffers of this size are asked for; WebGPU's default maxBufferSize is twice as large. */
const PIECE_BYTES = 128 * 2 ** 20;

/**
 * How much of `bytes` the device can hold beside what is held already. WebGPU does not tell how much memory is free, so
 * buffers are made until one fails, and all are let go of again.
 */
export async function probeMemory({ device }: Pick<Gpu, 'device'>, bytes: number): Promise<number> {
  const buffers: GPUBuffer[] = [];
  let held = 0;
  try {
    while (held < bytes) {
      const size = Math.max(4, Math.ceil(Math.min(PIECE_BYTES, bytes - held) / 4) * 4);
      device.pushErrorScope('out-of-memory');
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      const buffer = device.createBuffer({ label: 'memory probe', size, usage });
      buffers.push(buffer);
      if (await device.popErrorScope()) return held;
      held += Math.min(size, bytes - held);
    }
    return held;
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}
