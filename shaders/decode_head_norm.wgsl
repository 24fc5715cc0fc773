// RMS norm of the new tokens' queries and keys, each head by itself, in place (as rms_norm does it in a pass over whole sequences).
//   x = x / sqrt(mean(x^2) + eps) * w   over the columns of a head; w is query_weight or key_weight
// One thread per (row, head).
//! include grid
struct Uniforms { rows: u32, heads: u32, kv_heads: u32, columns: u32, stride: u32, eps: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> query_weight: array<f32>;      // [columns]
@group(0) @binding(2) var<storage, read> key_weight: array<f32>;        // [columns]
@group(0) @binding(3) var<storage, read_write> qkv: array<f32>;         // [rows, stride]: heads, then kv_heads of columns each, then the rest

@compute @workgroup_size(64)
fn normalise(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  let heads = u.heads + u.kv_heads;
  if (at >= u.rows * heads) { return; }
  let head = at % heads;
  let start = at / heads * u.stride + head * u.columns;
  var squares = 0.0;
  for (var c = 0u; c < u.columns; c++) { let v = qkv[start + c]; squares += v * v; }
  let scale = inverseSqrt(squares / f32(u.columns) + u.eps);
  for (var c = 0u; c < u.columns; c++) {
    var weight = key_weight[c];
    if (head < u.heads) { weight = query_weight[c]; }
    qkv[start + c] = qkv[start + c] * scale * weight;
  }
}
