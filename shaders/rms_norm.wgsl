// Row RMS norm (Zhang & Sennrich 2019).  y = x * rstd * w,  rstd = 1 / sqrt(mean(x^2) + eps).
// One workgroup per row, or one thread per row where rows are short (`_narrow`).
// Backward, with g = dy * w and n = x * rstd:
//   dx = rstd * (g - n * mean(g * n))  (+ before)        overwritten
//   dw += sum over rows of dy * n                        accumulated, one thread per column
//! include grid
//! include reduce
struct Uniforms { rows: u32, cols: u32, eps: f32, with_before: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [rows, cols]
@group(0) @binding(2) var<storage, read> weight: array<f32>;          // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;         // [rows, cols]
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;      // [rows], kept for backward
@group(0) @binding(5) var<storage, read> saved_rstd: array<f32>;      // [rows]
@group(0) @binding(6) var<storage, read> dy: array<f32>;              // [rows, cols]
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;        // [rows, cols]
@group(0) @binding(8) var<storage, read_write> dweight: array<f32>;   // [cols]
@group(0) @binding(9) var<storage, read> before: array<f32>;          // [rows, cols] what has reached x, unread without with_before

// One value of dx.
fn input_gradient(i: u32, c: u32, scale: f32, mean: f32) -> f32 {
  let own = scale * (dy[i] * weight[c] - x[i] * scale * mean);
  if (u.with_before != 0u) { return own + before[i]; }
  return own;
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  let start = min(row, u.rows - 1u) * u.cols;
  var squares = 0.0;
  for (var c = lane; c < u.cols; c += 64u) { let v = x[start + c]; squares += v * v; }
  let scale = inverseSqrt(workgroup_sum(squares, lane) / f32(u.cols) + u.eps);
  if (row >= u.rows) { return; }
  if (lane == 0u) { rstd[row] = scale; }
  for (var c = lane; c < u.cols; c += 64u) { y[start + c] = x[start + c] * scale * weight[c]; }
}

@compute @workgroup_size(64)
fn backward_input(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  let start = min(row, u.rows - 1u) * u.cols;
  let scale = saved_rstd[min(row, u.rows - 1u)];
  var projection = 0.0;
  for (var c = lane; c < u.cols; c += 64u) { projection += dy[start + c] * weight[c] * x[start + c] * scale; }
  let mean = workgroup_sum(projection, lane) / f32(u.cols);
  if (row >= u.rows) { return; }
  for (var c = lane; c < u.cols; c += 64u) {
    dx[start + c] = input_gradient(start + c, c, scale, mean);
  }
}

@compute @workgroup_size(64)
fn forward_narrow(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid) * 64u + lane;
  if (row >= u.rows) { return; }
  let start = row * u.cols;
  var squares = 0.0;
  for (var c = 0u; c < u.cols; c++) { let v = x[start + c]; squares += v * v; }
  let scale = inverseSqrt(squares / f32(u.cols) + u.eps);
  rstd[row] = scale;
  for (var c = 0u; c < u.cols; c++) { y[start + c] = x[start + c] * scale * weight[c]; }
}

@compute @workgroup_size(64)
fn backward_input_narrow(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid) * 64u + lane;
  if (row >= u.rows) { return; }
  let start = row * u.cols;
  let scale = saved_rstd[row];
  var projection = 0.0;
  for (var c = 0u; c < u.cols; c++) { projection += dy[start + c] * weight[c] * x[start + c] * scale; }
  let mean = projection / f32(u.cols);
  for (var c = 0u; c < u.cols; c++) {
    dx[start + c] = input_gradient(start + c, c, scale, mean);
  }
}

@compute @workgroup_size(64)
fn backward_weight(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let c = linear_workgroup(group, grid) * 64u + lane;
  if (c >= u.cols) { return; }
  var sum = 0.0;
  for (var row = 0u; row < u.rows; row++) { sum += dy[row * u.cols + c] * x[row * u.cols + c] * saved_rstd[row]; }
  dweight[c] += sum;
}
