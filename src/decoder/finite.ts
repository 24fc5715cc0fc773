/** Weights that are no numbers: found while the bytes pass by, before anything is computed with them. */
import { DTYPE_BYTES, type Dtype } from '../io/tensors/dtype.ts';
import type { TensorSource } from '../io/tensors/safetensors.ts';
import { InputError } from '../math/errors.ts';

const PIECE_BYTES = 4 << 20;

/** Bits of the exponent; all of them are set in infinities and NaN alone. */
const EXPONENTS: Partial<Record<Dtype, number>> = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 };

/** Index of the first value that is not finite, among values as a file holds them; -1 where all are. */
export function firstNotFinite(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>): number {
  const exponent = EXPONENTS[dtype];
  if (exponent === undefined) return -1;
  const { buffer, byteOffset, byteLength } = aligned(bytes, DTYPE_BYTES[dtype]);
  const count = Math.floor(byteLength / DTYPE_BYTES[dtype]);
  const values =
    dtype === 'F32' ? new Int32Array(buffer, byteOffset, count) : new Uint16Array(buffer, byteOffset, count);
  for (let i = 0; i < count; i++) if ((values[i]! & exponent) === exponent) return i;
  return -1;
}

const aligned = (bytes: Uint8Array<ArrayBuffer>, unit: number): Uint8Array<ArrayBuffer> =>
  bytes.byteOffset % unit === 0 ? bytes : bytes.slice();

/** Throws an InputError that names the tensor and counts, unless every value of it is finite. */
export async function demandFinite(source: TensorSource, name: string): Promise<void> {
  const { dtype } = source.info(name);
  for await (const { bytes } of source.pieces(name, PIECE_BYTES)) {
    if (firstNotFinite(dtype, bytes) >= 0) throw await notFinite(source, name);
  }
}

/** What is wrong with a tensor that has values which are not finite: reads it whole. */
export async function notFinite(source: TensorSource, name: string): Promise<InputError> {
  const { dtype, shape } = source.info(name);
  const unit = DTYPE_BYTES[dtype];
  let count = 0;
  let first = -1;
  for await (const { offset, bytes } of source.pieces(name, PIECE_BYTES)) {
    for (let at = 0; at < bytes.length; ) {
      const found = firstNotFinite(dtype, bytes.subarray(at));
      if (found < 0) break;
      if (first < 0) first = offset / unit + found;
      count++;
      at += (found + 1) * unit;
    }
  }
  const total = shape.reduce((product, side) => product * side, 1);
  return new InputError(
    `${source.label}: tensor "${name}" holds ${count} of ${total} values that are not finite (NaN or infinite), the first at index ${first}.`,
    {
      hint: 'The file is damaged, or its training broke down: download it again, or take an earlier checkpoint.',
    },
  );
}
