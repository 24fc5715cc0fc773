import { placed, sizeOf, type Tensor } from '../../gpu/index.ts';
import type { LoraAdapter } from './linear.ts';

/** WebGPU's default minStorageBufferOffsetAlignment, and what a vec4 load needs, in bytes. */
const ALIGNMENT = 256;
const VEC4_BYTES = 16;
/** A window holds at most so many times what is asked for; else its tensors lie too far from one another. */
const MOST_SLACK = 4;

/** The matrices of several adapters behind one binding: kernels are given eight buffers. */
export interface LoraWindow {
  /** f32 [count], from before the first matrix to the end of the last. */
  readonly values: Tensor;
  /** Index of a matrix's first value in `values`; a multiple of 4. 0 for none. */
  readonly startOf: (matrix: Tensor | undefined) => number;
}

/** A window over the adapters' matrices; none where they do not lie close together in one buffer. */
export function loraWindow(adapters: readonly LoraAdapter[]): LoraWindow | undefined {
  const places = adapters.flatMap(({ a, b }) =>
    [a, b].map((matrix) => ({ ...placed(matrix), bytes: 4 * sizeOf(matrix.shape) })),
  );
  const [first] = places;
  if (!first || places.some(({ buffer, offset }) => buffer !== first.buffer || offset % VEC4_BYTES !== 0)) {
    return undefined;
  }
  const lowest = Math.min(...places.map(({ offset }) => offset));
  const offset = lowest - (lowest % ALIGNMENT);
  const end = Math.max(...places.map((place) => place.offset + place.bytes));
  const wanted = places.reduce((sum, { bytes }) => sum + bytes + ALIGNMENT, 0);
  if (end - offset > MOST_SLACK * wanted) return undefined;
  const storage = { kind: 'buffer', buffer: first.buffer, offset } as const;
  return {
    values: { label: 'adapters', shape: [(end - offset) / 4], dtype: 'f32', storage },
    startOf: (matrix) => (matrix ? (placed(matrix).offset - offset) / 4 : 0),
  };
}
