// Four weights at a time, i .. i + 3 with i divisible by 4, from an array<vec2<u32>> (two words): see lib/weight for the formats.
//! include weight
// 16-bit formats: the four values of one vec2.
fn weight_quad_16(words: vec2<u32>) -> vec4<f32> {
  if (WEIGHT_FORMAT == 2u) { return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y)); }
  let low = words << vec2<u32>(16u);
  let high = words & vec2<u32>(0xffff0000u);
  return bitcast<vec4<f32>>(vec4<u32>(low.x, high.x, low.y, high.y));
}

// f32: the four values of two vec2.
fn weight_quad_32(first: vec2<u32>, second: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(bitcast<vec2<f32>>(first), bitcast<vec2<f32>>(second));
}

// Quantised: given the pairs of words with weight_word(i) and with weight_scale_word(i).
fn weight_quad_blocks(pair: vec2<u32>, scales: vec2<u32>, i: u32) -> vec4<f32> {
  let word = select(pair.x, pair.y, (weight_word(i) & 1u) == 1u);
  let above = vec4<u32>((WEIGHTS_PER_WORD - 1u - i % WEIGHTS_PER_WORD) * WEIGHT_BITS) - WEIGHT_BITS * vec4<u32>(0u, 1u, 2u, 3u);
  let q = bitcast<vec4<i32>>(vec4<u32>(word) << above) >> vec4<u32>(32u - WEIGHT_BITS);
  let scale = select(scales.x, scales.y, (i & 64u) != 0u);
  return bf16_half(scale, (i & 32u) != 0u) * vec4<f32>(q);
}
