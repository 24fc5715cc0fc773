// Row softmax.  y = exp(x - max) / sum exp(x - max).  One workgroup per row.  Entries masked with -1e30 become 0.
// Backward: dx = y * (dy - sum over the row of dy * y)    overwritten
//! include grid
//! include reduce
struct Uniforms { rows: u32, cols: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [rows, cols]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;         // [rows, cols]
@group(0) @binding(3) var<storage, read> saved: array<f32>;           // [rows, cols], the y
@group(0) @binding(4) var<storage, read> dy: array<f32>;              // [rows, cols]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;        // [rows, cols]

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  let start = min(row, u.rows - 1u) * u.cols;
  var largest = x[start];
  for (var c = lane; c < u.cols; c += 64u) { largest = max(largest, x[start + c]); }
  let shift = workgroup_max(largest, lane);
  var sum = 0.0;
  for (var c = lane; c < u.cols; c += 64u) { sum += exp(max(x[start + c] - shift, -100.0)); }
  let scale = 1.0 / workgroup_sum(sum, lane);
  if (row >= u.rows) { return; }
  for (var c = lane; c < u.cols; c += 64u) { y[start + c] = exp(max(x[start + c] - shift, -100.0)) * scale; }
}

@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid);
  let start = min(row, u.rows - 1u) * u.cols;
  var sum = 0.0;
  for (var c = lane; c < u.cols; c += 64u) { sum += dy[start + c] * saved[start + c]; }
  let projection = workgroup_sum(sum, lane);
  if (row >= u.rows) { return; }
  for (var c = lane; c < u.cols; c += 64u) { dx[start + c] = saved[start + c] * (dy[start + c] - projection); }
}
