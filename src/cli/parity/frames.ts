import type { TensorSource } from '../../io/tensors/safetensors.ts';
import type { RgbFrame } from '../../media/types.ts';

/** The case's `frames_u8` [frames, height, width, RGB] as pictures. */
export async function readFrames(arrays: TensorSource): Promise<RgbFrame[]> {
  const [count, height, width] = arrays.info('frames_u8').shape as [number, number, number];
  const bytes = await arrays.bytes('frames_u8');
  const area = width * height * 3;
  return Array.from({ length: count }, (_, i) => ({
    width,
    height,
    data: bytes.slice(i * area, (i + 1) * area),
  }));
}
