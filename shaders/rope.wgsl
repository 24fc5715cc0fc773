// Rotary positions of queries and keys (Su et al. 2021, arXiv 2104.09864), half-split: in each head of width 2h, with p = positions[row],
//   y[i] = x[i] cos[p,i] - x[i+h] sin[p,i],   y[i+h] = x[i+h] cos[p,i] + x[i] sin[p,i],   i < h.
// Backward is the rotation by the opposite angle.  One thread per pair; the queries' heads of a row, then its keys'.
// rotate_axes: tokens have a place on several axes (time, height, width), and p = positions[row, axes[i]].
//! include grid
// direction: 1 or -1
struct Uniforms { rows: u32, heads: u32, kv_heads: u32, half_width: u32, last_position: u32, direction: f32, axis_count: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<f32>;               // [rows, heads, 2 half_width]
@group(0) @binding(2) var<storage, read> k: array<f32>;               // [rows, kv_heads, 2 half_width]
@group(0) @binding(3) var<storage, read> positions: array<u32>;       // [rows], or [rows, axis_count]
@group(0) @binding(4) var<storage, read> cosines: array<f32>;         // [last_position + 1, half_width]
@group(0) @binding(5) var<storage, read> sines: array<f32>;           // [last_position + 1, half_width]
@group(0) @binding(6) var<storage, read_write> rotated_q: array<f32>;  // [rows, heads, 2 half_width]
@group(0) @binding(7) var<storage, read_write> rotated_k: array<f32>;  // [rows, kv_heads, 2 half_width]
@group(0) @binding(8) var<storage, read> axes: array<u32>;            // [half_width] axis of each pair of columns

// The pair of columns of a thread. Heads are counted on from the queries' to the keys'.
struct Pair { row: u32, head: u32, column: u32 }

fn pair_of(thread: u32) -> Pair {
  let head = thread / u.half_width;
  let all_heads = u.heads + u.kv_heads;
  return Pair(head / all_heads, head % all_heads, thread % u.half_width);
}

fn rotated(pair: vec2<f32>, angle: u32) -> vec2<f32> {
  let cosine = cosines[angle];
  let sine = u.direction * sines[angle];
  return vec2<f32>(pair.x * cosine - pair.y * sine, pair.y * cosine + pair.x * sine);
}

fn rotate_pair(pair: Pair, position: u32) {
  let angle = min(position, u.last_position) * u.half_width + pair.column;
  if (pair.head < u.heads) {
    let first = (pair.row * u.heads + pair.head) * 2u * u.half_width + pair.column;
    let y = rotated(vec2<f32>(q[first], q[first + u.half_width]), angle);
    rotated_q[first] = y.x;
    rotated_q[first + u.half_width] = y.y;
  } else {
    let first = (pair.row * u.kv_heads + pair.head - u.heads) * 2u * u.half_width + pair.column;
    let y = rotated(vec2<f32>(k[first], k[first + u.half_width]), angle);
    rotated_k[first] = y.x;
    rotated_k[first + u.half_width] = y.y;
  }
}

@compute @workgroup_size(64)
fn rotate(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let pair = pair_of(linear_workgroup(group, grid) * 64u + lane);
  if (pair.row < u.rows) { rotate_pair(pair, positions[pair.row]); }
}

@compute @workgroup_size(64)
fn rotate_axes(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let pair = pair_of(linear_workgroup(group, grid) * 64u + lane);
  if (pair.row < u.rows) { rotate_pair(pair, positions[pair.row * u.axis_count + axes[pair.column]]); }
}
