// Up to three weights [n, depth] in WEIGHT_FORMAT, four neighbours at a time; i below is a flat index divisible by 4.
//! include weight
//! include weight_quad
@group(0) @binding(1) var<storage, read> weight_0: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> weight_1: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> weight_2: array<vec2<u32>>;

fn quad_0(i: u32) -> vec4<f32> {
  if (WEIGHT_FORMAT == 0u) { return weight_quad_32(weight_0[i >> 1u], weight_0[(i >> 1u) + 1u]); }
  if (WEIGHT_FORMAT <= 2u) { return weight_quad_16(weight_0[i >> 2u]); }
  return weight_quad_blocks(weight_0[weight_word(i) >> 1u], weight_0[weight_scale_word(i) >> 1u], i);
}

fn quad_1(i: u32) -> vec4<f32> {
  if (WEIGHT_FORMAT == 0u) { return weight_quad_32(weight_1[i >> 1u], weight_1[(i >> 1u) + 1u]); }
  if (WEIGHT_FORMAT <= 2u) { return weight_quad_16(weight_1[i >> 2u]); }
  return weight_quad_blocks(weight_1[weight_word(i) >> 1u], weight_1[weight_scale_word(i) >> 1u], i);
}

fn quad_2(i: u32) -> vec4<f32> {
  if (WEIGHT_FORMAT == 0u) { return weight_quad_32(weight_2[i >> 1u], weight_2[(i >> 1u) + 1u]); }
  if (WEIGHT_FORMAT <= 2u) { return weight_quad_16(weight_2[i >> 2u]); }
  return weight_quad_blocks(weight_2[weight_word(i) >> 1u], weight_2[weight_scale_word(i) >> 1u], i);
}

// Column c of the result: the four values from i[c] on.
fn quads_0(i: vec4<u32>) -> mat4x4<f32> { return mat4x4<f32>(quad_0(i.x), quad_0(i.y), quad_0(i.z), quad_0(i.w)); }
fn quads_1(i: vec4<u32>) -> mat4x4<f32> { return mat4x4<f32>(quad_1(i.x), quad_1(i.y), quad_1(i.z), quad_1(i.w)); }
fn quads_2(i: vec4<u32>) -> mat4x4<f32> { return mat4x4<f32>(quad_2(i.x), quad_2(i.y), quad_2(i.z), quad_2(i.w)); }

// The columns of m, each times `factor`.
fn scaled(m: mat4x4<f32>, factor: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(m[0] * factor, m[1] * factor, m[2] * factor, m[3] * factor);
}
