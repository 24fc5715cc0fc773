// Weights as published, in an array<u32>: WEIGHT_FORMAT 0 is f32 (one value a word), 1 bf16, 2 f16 (two values a word,
// the even one in the low half). Reading is bit-exact: bf16 is the upper half of an f32.
fn weight_word(i: u32) -> u32 {
  if (WEIGHT_FORMAT == 0u) { return i; }
  return i >> 1u;
}

// The value with flat index i, given the word weight_word(i).
fn weight_value(word: u32, i: u32) -> f32 {
  if (WEIGHT_FORMAT == 0u) { return bitcast<f32>(word); }
  if (WEIGHT_FORMAT == 1u) { return bitcast<f32>(select(word << 16u, word & 0xffff0000u, (i & 1u) == 1u)); }
  let pair = unpack2x16float(word);
  return select(pair.x, pair.y, (i & 1u) == 1u);
}
