/** Weights in every format that checkpoints are kept in. */
import type { Gpu, Tensor } from '../../src/gpu/index.ts';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from '../../src/math/half.ts';
import { quantisedNumbers } from '../reference/quantised.ts';
import { numbers } from './harness.ts';

export type StoredFormat = 'f32' | 'bf16' | 'f16' | 'q8' | 'q4';

/** A weight on the device, and the values it stands for. */
export function storedWeight(gpu: Gpu, format: StoredFormat, shape: [number, number], seed: number) {
  const count = shape[0] * shape[1];
  const upload = (data: Float32Array | Uint16Array | Uint32Array): Tensor =>
    gpu.upload('weights', `${format} weight`, shape, data, format);
  if (format === 'q8' || format === 'q4') {
    const { words, values } = quantisedNumbers(count, format, seed);
    return { tensor: upload(words), values };
  }
  const values = numbers(count, seed);
  if (format === 'f32') return { tensor: upload(values), values };
  const words = format === 'bf16' ? f32ToBf16(values) : f32ToF16(values);
  return { tensor: upload(words), values: format === 'bf16' ? bf16ToF32(words) : f16ToF32(words) };
}
