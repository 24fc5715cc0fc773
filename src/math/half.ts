/**
 * 16-bit floats on the CPU: IEEE binary16 ("F16") and bfloat16 ("BF16", the high half of an f32).
 * Narrowing rounds to nearest, ties to even, as PyTorch does; NaN stays NaN.
 */

const scratchF32 = new Float32Array(1);
const scratchU32 = new Uint32Array(scratchF32.buffer);

function bitsOf(value: number): number {
  scratchF32[0] = value;
  return scratchU32[0]!;
}

/** Bits of a bfloat16 → number. */
export function bf16ToNumber(bits: number): number {
  scratchU32[0] = bits << 16;
  return scratchF32[0]!;
}

/** Number → bits of the nearest bfloat16. */
export function numberToBf16(value: number): number {
  const bits = bitsOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Bits of a binary16 → number. */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Number → bits of the nearest binary16; beyond 65519 it becomes infinity. */
export function numberToF16(value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: a count of 2^-24; both factors are exact, and so is the rounding that follows.
    return sign | roundHalfEven(Math.abs(scratchF32[0]!) * 2 ** 24);
  }
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** Python's round(): ties go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** bfloat16 words → f32, same length. */
export function bf16ToF32(words: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** f32 → bfloat16 words, same length. The rounding of numberToBf16 over a whole array at once: weights have 10^8 of them. */
export function f32ToBf16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const words = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = bits[i]!;
    const isNotANumber = (word & 0x7fffffff) > 0x7f800000;
    words[i] = isNotANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return words;
}

/** Whether all of these bfloat16 words stand for numbers that binary16 has neighbours of: below 65536. */
export function withinF16(words: Uint16Array): boolean {
  // A plain loop: `every` takes ten times as long, and weights have 10^8 words.
  for (let i = 0; i < words.length; i++) if ((words[i]! & 0x7fff) >= 0x4780) return false;
  return true;
}

let f16Table: Float32Array<ArrayBuffer> | undefined;

/** binary16 words → f32, same length (through a table of all 65,536 values, made at the first call). */
export function f16ToF32(words: Uint16Array): Float32Array<ArrayBuffer> {
  f16Table ??= Float32Array.from({ length: 65536 }, (_, bits) => f16ToNumber(bits));
  const values = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) values[i] = f16Table[words[i]!]!;
  return values;
}

/** f32 → binary16 words, same length. */
export function f32ToF16(values: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, numberToF16);
}
