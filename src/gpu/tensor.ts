import { GROUP, groupWords } from '../math/quantise.ts';

/**
 * Element types of tensors. 16-bit types are stored two to a 32-bit word, as published; 'q8' and 'q4' are weights of 8 and
 * 4 bits in groups of 128 (src/math/quantise.ts).
 */
export type DType = 'f32' | 'u32' | 'i32' | 'bf16' | 'f16' | 'q8' | 'q4';

/** Where a tensor's bytes are: in a buffer of its own or a part of one, or in memory that a plan will assign. */
export type Storage =
  | { readonly kind: 'buffer'; readonly buffer: GPUBuffer; readonly offset: number }
  | { readonly kind: 'planned'; readonly id: number };

/** What was found of a tensor's values when they were loaded: one object, shared by all views of its memory. */
export interface ValueRange {
  /** Whether f16 holds a neighbour of each. */
  withinF16: boolean;
}

export interface Tensor {
  readonly label: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly storage: Storage;
  /** Where the gradient of a trainable tensor is accumulated; absent for everything that is not trained. */
  readonly grad?: Tensor;
  /** Absent where all values are within every range that kernels ask for. */
  readonly range?: ValueRange;
}

const bytesPerElement = { f32: 4, u32: 4, i32: 4, bf16: 2, f16: 2 } as const;

/** Bytes that `count` values take, not rounded to words. */
export function bytesOf(count: number, dtype: DType): number {
  if (dtype === 'q8' || dtype === 'q4') {
    return 4 * groupWords(dtype === 'q8' ? 8 : 4) * Math.ceil(count / GROUP);
  }
  return count * bytesPerElement[dtype];
}

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Bytes of the tensor in a buffer, rounded up to whole 32-bit words. */
export function byteLength(tensor: Pick<Tensor, 'shape' | 'dtype'>): number {
  return Math.max(4, Math.ceil(bytesOf(sizeOf(tensor.shape), tensor.dtype) / 4) * 4);
}

/** The same bytes under another shape of equal size. A trainable tensor keeps its gradient, under that shape too. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  if (sizeOf(shape) !== sizeOf(tensor.shape)) {
    throw new Error(`reshape: ${tensor.label} [${tensor.shape}] has not the size of [${shape}].`);
  }
  return { ...tensor, shape, ...(tensor.grad ? { grad: reshape(tensor.grad, shape) } : {}) };
}

/** Rows first … first + rows of a matrix in a buffer, with theirs of its gradient; they must begin where a binding may. */
export function rowsOf(tensor: Tensor, first: number, rows: number): Tensor {
  const { storage } = tensor;
  if (storage.kind === 'planned') throw new Error(`rowsOf: ${tensor.label} has no buffer of its own.`);
  const width = sizeOf(tensor.shape.slice(1));
  const offset = storage.offset + bytesOf(first * width, tensor.dtype);
  return {
    ...tensor,
    shape: [rows, ...tensor.shape.slice(1)],
    storage: { ...storage, offset },
    ...(tensor.grad ? { grad: rowsOf(tensor.grad, first, rows) } : {}),
  };
}

/** Fails with the op's name unless `tensor` has `shape`; -1 stands for any extent. */
export function expectShape(op: string, tensor: Tensor, shape: readonly number[]): void {
  const fits =
    tensor.shape.length === shape.length &&
    shape.every((extent, axis) => extent === -1 || extent === tensor.shape[axis]);
  if (!fits) {
    const wanted = shape.map((extent) => (extent === -1 ? '*' : extent)).join(', ');
    throw new Error(`${op}: ${tensor.label} is [${tensor.shape.join(', ')}], expected [${wanted}].`);
  }
}
