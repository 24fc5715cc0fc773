/** Weights of 8 and 4 bits in float64: the layout read byte by byte, and the best that a scale can do. */
import { quantise, type WeightBits } from '../../src/math/quantise.ts';
import { numbers } from '../ops/harness.ts';

export interface Block {
  readonly scale: number;
  /** 32 signed integers. */
  readonly integers: readonly number[];
}

function bf16(view: DataView, at: number): number {
  const widened = new DataView(new ArrayBuffer(4));
  widened.setUint16(2, view.getUint16(at, true), true);
  return widened.getFloat32(0, true);
}

/** Groups of 128: four bf16 scales, then 128 values of `bits` bits in order, the lower half of a byte first. */
export function blocksOf(words: Uint32Array, bits: WeightBits, count: number): Block[] {
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  const groupBytes = 8 + 16 * bits;
  const integer = (group: number, i: number): number => {
    if (bits === 8) return view.getInt8(group + 8 + i);
    const byte = view.getUint8(group + 8 + (i >> 1));
    const nibble = i % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
    return nibble < 8 ? nibble : nibble - 16;
  };
  return Array.from({ length: count / 32 }, (_, block) => {
    const group = groupBytes * Math.floor(block / 4);
    const inGroup = block % 4;
    return {
      scale: bf16(view, group + 2 * inGroup),
      integers: Array.from({ length: 32 }, (_, i) => integer(group, 32 * inGroup + i)),
    };
  });
}

/** The values that packed weights stand for. */
export function dequantised(words: Uint32Array, bits: WeightBits, count: number): Float64Array {
  return Float64Array.from(
    blocksOf(words, bits, count).flatMap(({ scale, integers }) => integers.map((q) => scale * q)),
  );
}

/** Random weights, packed, and the values they then stand for: f32 holds them exactly. */
export function quantisedNumbers(
  count: number,
  dtype: 'q8' | 'q4',
  seed: number,
): { words: Uint32Array; values: Float32Array } {
  const bits = dtype === 'q8' ? 8 : 4;
  const words = quantise(numbers(count, seed), bits, 'w');
  return { words, values: Float32Array.from(dequantised(words, bits, count)) };
}

const squaredError = (values: readonly number[], scale: number): number =>
  values.reduce((sum, x) => {
    const q = Math.min(7, Math.max(-8, Math.round(x / scale)));
    return sum + (x - q * scale) ** 2;
  }, 0);

/** Least squared error of a block in 4 bits, over a fine grid of scales. */
export function leastError4(values: readonly number[]): number {
  const extreme = values.reduce((far, x) => (Math.abs(x) > Math.abs(far) ? x : far), 0);
  if (extreme === 0) return 0;
  const errors = Array.from({ length: 700 }, (_, i) => squaredError(values, extreme / -(5 + i / 100)));
  return Math.min(...errors);
}
