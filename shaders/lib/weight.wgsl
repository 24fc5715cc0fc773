// Weights in an array<u32>.
// As published: WEIGHT_FORMAT 0 is f32 (one value a word), 1 bf16, 2 f16 (two values a word, the even one in the low half).
// Reading is bit-exact: bf16 is the upper half of an f32.
// Quantised: 3 has 8 bits a value, 4 has 4. A value is scale * q: q is a signed integer, and 32 neighbours, a block, share a
// bf16 scale. Both together have at most 16 significant bits, so the product is exact. Four blocks make a group:
//   words 0, 1   scales of blocks 0 1 and 2 3, the even one in the low half
//   words 2 ..   128 values in order, 4 or 8 a word, the first in the lowest bits
// which are 34 or 18 words. Words of a group are even in number, so that pairs of words never span two groups.
const WEIGHT_BITS = select(8u, 4u, WEIGHT_FORMAT == 4u);
const WEIGHTS_PER_WORD = 32u / WEIGHT_BITS;

fn weight_group(i: u32) -> u32 { return (i >> 7u) * (2u + 4u * WEIGHT_BITS); }

// The word with the value of flat index i.
fn weight_word(i: u32) -> u32 {
  if (WEIGHT_FORMAT == 0u) { return i; }
  if (WEIGHT_FORMAT <= 2u) { return i >> 1u; }
  return weight_group(i) + 2u + (i & 127u) / WEIGHTS_PER_WORD;
}

// The word with the scale of value i; the first word, which is not looked at, where there are no scales.
fn weight_scale_word(i: u32) -> u32 {
  if (WEIGHT_FORMAT <= 2u) { return 0u; }
  return weight_group(i) + ((i >> 6u) & 1u);
}

fn bf16_half(word: u32, upper: bool) -> f32 {
  return bitcast<f32>(select(word << 16u, word & 0xffff0000u, upper));
}

// The value with flat index i, given the words weight_word(i) and weight_scale_word(i).
fn weight_value(word: u32, scale: u32, i: u32) -> f32 {
  if (WEIGHT_FORMAT == 0u) { return bitcast<f32>(word); }
  let odd = (i & 1u) == 1u;
  if (WEIGHT_FORMAT == 1u) { return bf16_half(word, odd); }
  if (WEIGHT_FORMAT == 2u) {
    let pair = unpack2x16float(word);
    return select(pair.x, pair.y, odd);
  }
  let above = (WEIGHTS_PER_WORD - 1u - i % WEIGHTS_PER_WORD) * WEIGHT_BITS;
  let q = bitcast<i32>(word << above) >> (32u - WEIGHT_BITS);
  return bf16_half(scale, (i & 32u) != 0u) * f32(q);
}
