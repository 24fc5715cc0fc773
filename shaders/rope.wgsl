// Rotary positions (Su et al. 2021, arXiv 2104.09864), half-split: in each head of width 2h, with p = positions[row],
//   y[i] = x[i] cos[p,i] - x[i+h] sin[p,i],   y[i+h] = x[i+h] cos[p,i] + x[i] sin[p,i],   i < h.
// Backward is the rotation by the opposite angle.  One thread per pair.
// rotate_axes: tokens have a place on several axes (time, height, width), and p = positions[row, axes[i]].
//! include grid
// direction: 1 or -1
struct Uniforms { rows: u32, heads: u32, half_width: u32, last_position: u32, direction: f32, axis_count: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [rows, heads, 2 half_width]
@group(0) @binding(2) var<storage, read> positions: array<u32>;       // [rows], or [rows, axis_count]
@group(0) @binding(3) var<storage, read> cosines: array<f32>;         // [last_position + 1, half_width]
@group(0) @binding(4) var<storage, read> sines: array<f32>;           // [last_position + 1, half_width]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;         // [rows, heads, 2 half_width]
@group(0) @binding(6) var<storage, read> axes: array<u32>;            // [half_width] axis of each pair of columns

fn turn(head: u32, column: u32, position: u32) {
  let angle = min(position, u.last_position) * u.half_width + column;
  let cosine = cosines[angle];
  let sine = u.direction * sines[angle];
  let first = head * 2u * u.half_width + column;
  let second = first + u.half_width;
  y[first] = x[first] * cosine - x[second] * sine;
  y[second] = x[second] * cosine + x[first] * sine;
}

@compute @workgroup_size(64)
fn rotate(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let pair = linear_workgroup(group, grid) * 64u + lane;
  if (pair >= u.rows * u.heads * u.half_width) { return; }
  let head = pair / u.half_width;
  turn(head, pair % u.half_width, positions[head / u.heads]);
}

@compute @workgroup_size(64)
fn rotate_axes(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let pair = linear_workgroup(group, grid) * 64u + lane;
  if (pair >= u.rows * u.heads * u.half_width) { return; }
  let column = pair % u.half_width;
  let head = pair / u.half_width;
  turn(head, column, positions[head / u.heads * u.axis_count + axes[column]]);
}
