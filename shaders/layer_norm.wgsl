// Row layer norm (Ba, Kiros & Hinton 2016).  n = (x - mean) * rstd,  y = n * w + b,  rstd = 1 / sqrt(var + eps), var biased.
// One workgroup per row.  Backward, with g = dy * w:
//   dx = rstd * (g - mean(g) - n * mean(g * n))           overwritten
//   dw += sum over rows of dy * n                         accumulated, one thread per column
//! include grid
//! include reduce
struct Uniforms { rows: u32, cols: u32, eps: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [rows, cols]
@group(0) @binding(2) var<storage, read> weight: array<f32>;            // [cols]
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [cols]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;           // [rows, cols]
@group(0) @binding(5) var<storage, read_write> moments: array<vec2<f32>>; // [rows] (mean, rstd), kept for backward
@group(0) @binding(6) var<storage, read> saved: array<vec2<f32>>;       // [rows], the moments
@group(0) @binding(7) var<storage, read> dy: array<f32>;                // [rows, cols]
@group(0) @binding(8) var<storage, read_write> dx: array<f32>;          // [rows, cols]
@group(0) @binding(9) var<storage, read_write> dweight: array<f32>;     // [cols]

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  let start = min(row, u.rows - 1u) * u.cols;
  var sum = 0.0;
  for (var c = lane; c < u.cols; c += 64u) { sum += x[start + c]; }
  let mean = workgroup_sum(sum, lane) / f32(u.cols);
  var squares = 0.0;
  for (var c = lane; c < u.cols; c += 64u) { let v = x[start + c] - mean; squares += v * v; }
  let rstd = inverseSqrt(workgroup_sum(squares, lane) / f32(u.cols) + u.eps);
  if (row >= u.rows) { return; }
  if (lane == 0u) { moments[row] = vec2<f32>(mean, rstd); }
  for (var c = lane; c < u.cols; c += 64u) { y[start + c] = (x[start + c] - mean) * rstd * weight[c] + bias[c]; }
}

@compute @workgroup_size(64)
fn backward_input(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  let start = min(row, u.rows - 1u) * u.cols;
  let mean = saved[min(row, u.rows - 1u)].x;
  let rstd = saved[min(row, u.rows - 1u)].y;
  var sum = 0.0;
  var projection = 0.0;
  for (var c = lane; c < u.cols; c += 64u) {
    let g = dy[start + c] * weight[c];
    sum += g;
    projection += g * (x[start + c] - mean) * rstd;
  }
  let mean_g = workgroup_sum(sum, lane) / f32(u.cols);
  let mean_gn = workgroup_sum(projection, lane) / f32(u.cols);
  if (row >= u.rows) { return; }
  for (var c = lane; c < u.cols; c += 64u) {
    let n = (x[start + c] - mean) * rstd;
    dx[start + c] = rstd * (dy[start + c] * weight[c] - mean_g - n * mean_gn);
  }
}

@compute @workgroup_size(64)
fn backward_weight(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let c = linear_workgroup(group, grid) * 64u + lane;
  if (c >= u.cols) { return; }
  var sum = 0.0;
  for (var row = 0u; row < u.rows; row++) {
    let i = row * u.cols + c;
    sum += dy[i] * (x[i] - saved[row].x) * saved[row].y;
  }
  dweight[c] += sum;
}
