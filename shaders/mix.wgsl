// Weighted sum of three branches.  y = w[0] * a + w[1] * b + w[2] * c.
// Backward:  d(branch k) = w[k] * dy (scale_branch, overwritten);  dw[k] = sum of dy * branch k, first per row
// (weight_rows: one workgroup a row), then over the rows (weight_sum: one workgroup); overwritten.
//! include grid
//! include reduce
struct Uniforms { rows: u32, cols: u32, branch: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> a: array<f32>;               // [rows, cols]
@group(0) @binding(2) var<storage, read> b: array<f32>;               // [rows, cols]
@group(0) @binding(3) var<storage, read> c: array<f32>;               // [rows, cols]
@group(0) @binding(4) var<storage, read> weights: array<f32>;         // [3]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;         // [rows, cols]
@group(0) @binding(6) var<storage, read> dy: array<f32>;              // [rows, cols]
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;      // [rows, 3], partial sums of dw
@group(0) @binding(8) var<storage, read> row_sums: array<f32>;        // [rows, 3]
@group(0) @binding(9) var<storage, read_write> dweights: array<f32>;  // [3]

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.rows * u.cols) { return; }
  y[i] = weights[0] * a[i] + weights[1] * b[i] + weights[2] * c[i];
}

@compute @workgroup_size(64)
fn scale_branch(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.rows * u.cols) { return; }
  y[i] = weights[u.branch] * dy[i];
}

@compute @workgroup_size(64)
fn weight_rows(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  let start = min(row, u.rows - 1u) * u.cols;
  var partial = vec3<f32>(0.0);
  for (var col = lane; col < u.cols; col += 64u) {
    let i = start + col;
    partial += dy[i] * vec3<f32>(a[i], b[i], c[i]);
  }
  let total = vec3<f32>(workgroup_sum(partial.x, lane), workgroup_sum(partial.y, lane), workgroup_sum(partial.z, lane));
  if (row < u.rows && lane < 3u) { sums[row * 3u + lane] = total[lane]; }
}

@compute @workgroup_size(64)
fn weight_sum(@builtin(local_invocation_index) lane: u32) {
  var partial = vec3<f32>(0.0);
  for (var row = lane; row < u.rows; row += 64u) {
    partial += vec3<f32>(row_sums[row * 3u], row_sums[row * 3u + 1u], row_sums[row * 3u + 2u]);
  }
  let total = vec3<f32>(workgroup_sum(partial.x, lane), workgroup_sum(partial.y, lane), workgroup_sum(partial.z, lane));
  if (lane < 3u) { dweights[lane] = total[lane]; }
}
