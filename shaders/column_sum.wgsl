// Column sums.  total[z, j] = sum over rows i of part z of x[i, j].  One thread per column and part.
struct Uniforms { rows: u32, cols: u32, depth: u32 }                  // depth: rows per part
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [rows, cols]
@group(0) @binding(2) var<storage, read_write> total: array<f32>;     // [parts, cols], overwritten
@group(0) @binding(3) var<storage, read_write> target_sum: array<f32>; // [cols], accumulated

fn part_sum(col: u32, part: u32) -> f32 {
  var sum = 0.0;
  let end = min((part + 1u) * u.depth, u.rows);
  for (var row = part * u.depth; row < end; row++) { sum += x[row * u.cols + col]; }
  return sum;
}

@compute @workgroup_size(64)
fn parts(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * 64u + lane;
  if (col < u.cols) { total[group.y * u.cols + col] = part_sum(col, group.y); }
}

@compute @workgroup_size(64)
fn accumulate(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * 64u + lane;
  if (col < u.cols) { target_sum[col] += part_sum(col, 0u); }
}
