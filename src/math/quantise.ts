import { InputError } from './errors.ts';
import { bf16ToNumber, numberToBf16 } from './half.ts';

/**
 * Weights in 8 or 4 bits: a value is scale · q, where q is a signed integer of that many bits and 32 neighbours share a
 * scale. Scales are bfloat16: of a bfloat16 checkpoint the largest weight over a power of two is one exactly, none is too
 * small to read (a subnormal binary16 becomes 0 on some devices), and the product with q is exact in f32.
 */
export type WeightBits = 8 | 4;

/** Values that share a scale. */
export const BLOCK = 32;
/** Values that are stored together: four blocks, their scales in front. */
export const GROUP = 128;

const BLOCKS_PER_GROUP = GROUP / BLOCK;
const SCALE_WORDS = BLOCKS_PER_GROUP / 2;

/** 32-bit words of one group: 34 or 18. A block's values take as many words as a value takes bits. */
export const groupWords = (bits: WeightBits): number => SCALE_WORDS + BLOCKS_PER_GROUP * bits;

/**
 * Packs values in the layout of shaders/lib/weight.wgsl; the last group is filled up with zeros. The count must be a
 * multiple of BLOCK. Throws an InputError naming `label` if a value is not finite.
 */
export function quantise(values: Float32Array, bits: WeightBits, label: string): Uint32Array<ArrayBuffer> {
  if (values.length % BLOCK !== 0) {
    throw new Error(`quantise: ${values.length} values are not whole blocks of ${BLOCK}.`);
  }
  const words = new Uint32Array(Math.ceil(values.length / GROUP) * groupWords(bits));
  for (let start = 0; start < values.length; start += BLOCK) {
    const extreme = extremeOf(values, start);
    if (!Number.isFinite(extreme)) throw notFinite(values, start, label);
    if (extreme === 0) continue;
    const scaleBits = numberToBf16(bits === 8 ? extreme / -128 : scaleOf4(values, start, extreme));
    packBlock(words, values, start, bits, scaleBits);
  }
  return words;
}

/** The value of largest magnitude in a block, with its sign; NaN or infinite if any value is. */
function extremeOf(values: Float32Array, start: number): number {
  let extreme = 0;
  for (let i = start; i < start + BLOCK; i++) {
    const value = values[i]!;
    if (!(Math.abs(value) <= Math.abs(extreme))) extreme = value;
    if (Number.isNaN(extreme)) return extreme;
  }
  return extreme;
}

function notFinite(values: Float32Array, start: number, label: string): InputError {
  const at = values.findIndex((value, i) => i >= start && !Number.isFinite(value));
  return new InputError(`${label} holds ${values[at]} among its weights, expected finite numbers.`, {
    hint: 'Download the checkpoint again; if it stays so, its training broke down.',
  });
}

/** Onto what the extreme of a block is tried to be mapped in 4 bits, whose range is -8 … 7. */
const EXTREMES_4 = [-7, -7.6, -8, -8.4, -9];

/**
 * The scale of least squared error among a few. For integers q the best scale is ⟨q,x⟩ / ⟨q,q⟩, and the error it leaves
 * is ⟨x,x⟩ - ⟨q,x⟩² / ⟨q,q⟩, so that one walk over the block judges a candidate.
 */
function scaleOf4(values: Float32Array, start: number, extreme: number): number {
  let best = 0;
  let most = 0;
  for (const target of EXTREMES_4) {
    const factor = target / extreme;
    let qx = 0;
    let qq = 0;
    for (let i = start; i < start + BLOCK; i++) {
      const q = clampedRound(values[i]! * factor, 8);
      qx += q * values[i]!;
      qq += q * q;
    }
    if (qx * qx > most * qq) {
      most = (qx * qx) / qq;
      best = qx / qq;
    }
  }
  return best;
}

/**
 * The nearest integer in range. Cutting off a positive number's fraction takes a quarter of the time of Math.round, and a
 * model has 10^8 weights; values are well below 256, as they are weights over their block's scale.
 */
function clampedRound(value: number, limit: number): number {
  const q = ((value + 256.5) | 0) - 256;
  if (q < -limit) return -limit;
  return q < limit ? q : limit - 1;
}

function packBlock(
  words: Uint32Array,
  values: Float32Array,
  start: number,
  bits: WeightBits,
  scaleBits: number,
): void {
  const group = Math.floor(start / GROUP) * groupWords(bits);
  const block = (start % GROUP) / BLOCK;
  words[group + (block >> 1)]! |= scaleBits << (16 * (block & 1));
  const scale = bf16ToNumber(scaleBits);
  if (scale === 0) return;
  const first = group + SCALE_WORDS + block * bits;
  const limit = 2 ** (bits - 1);
  const mask = 2 ** bits - 1;
  for (let i = 0; i < BLOCK; i++) {
    const q = clampedRound(values[start + i]! / scale, limit);
    const bit = bits * i;
    words[first + (bit >> 5)]! |= (q & mask) << (bit & 31);
  }
}
