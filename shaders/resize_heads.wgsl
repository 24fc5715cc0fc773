// Rows of heads with more or fewer columns to a head: columns that both have are copied, new ones are 0.
//   to[row, head, c] = from[row, head, c] where c < from_dim, else 0          one thread per element of `to`
//! include grid
struct Uniforms { rows: u32, heads: u32, from_dim: u32, to_dim: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> source: array<f32>;          // [rows, heads, from_dim]
@group(0) @binding(2) var<storage, read_write> resized: array<f32>;   // [rows, heads, to_dim]

@compute @workgroup_size(64)
fn resize(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at >= u.rows * u.heads * u.to_dim) { return; }
  let column = at % u.to_dim;
  let head = at / u.to_dim;   // counted over all rows
  var value = 0.0;
  if (column < u.from_dim) { value = source[head * u.from_dim + column]; }
  resized[at] = value;
}
