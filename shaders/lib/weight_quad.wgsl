// Four weights at a time from an array<vec2<u32>> (two words): see lib/weight for the formats.
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
