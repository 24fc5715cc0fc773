import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from '../../math/half.ts';

/** Element types of the safetensors format that this project reads, with their size in bytes. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;
export type FloatDtype = 'F32' | 'F16' | 'BF16';

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(DTYPE_BYTES, name);
}

/** Whether weights of this type can be written by `f32ToBytes`, or widened to it. */
export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Raw little-endian elements → f32 values. `bytes` must start at an aligned offset, as ByteSource.slice gives it. */
export function bytesToF32(dtype: Dtype, bytes: Bytes): Float32Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'F16':
      return f16ToF32(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'BF16':
      return bf16ToF32(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'F64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    default:
      return Float32Array.from(bytesToIntegers(dtype, bytes));
  }
}

/** Raw integer elements → numbers. I64 is exact up to 2^53. */
export function bytesToIntegers(dtype: Dtype, bytes: Bytes): number[] {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'I64':
      return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
    case 'I32':
      return Array.from(new Int32Array(buffer, byteOffset, byteLength / 4));
    case 'I16':
      return Array.from(new Int16Array(buffer, byteOffset, byteLength / 2));
    case 'I8':
      return Array.from(new Int8Array(buffer, byteOffset, byteLength));
    case 'U8':
    case 'BOOL':
      return Array.from(bytes);
    default:
      throw new TypeError(`bytesToIntegers: ${dtype} is not an integer type.`);
  }
}

/** f32 values → raw elements of the given type, rounded to nearest, ties to even. */
export function f32ToBytes(dtype: FloatDtype, values: Float32Array<ArrayBuffer>): Bytes {
  const elements = dtype === 'F32' ? values : dtype === 'F16' ? f32ToF16(values) : f32ToBf16(values);
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}
