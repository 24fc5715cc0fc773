import { sizeOf } from '../../gpu/index.ts';
import { uniform } from '../../math/random.ts';

/** `shape`'s numbers from [-scale, scale), the same on every machine. */
export function randomData(shape: readonly number[], seed: number, scale = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * (2 * uniform(seed, i) - 1));
}
