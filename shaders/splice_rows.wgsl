// Moving whole rows to given places, one thread per element of the smaller matrix.
//   scatter  y[at[j]] = rows[j]; at unique, places at or beyond `held` are skipped
//   clear    y[at[j]] = 0
//   copy     y[i] = x[i + start]
//   place    y[i] = x[i - start] where x has that row, else 0: backward of copy
//! include grid
struct Uniforms { count: u32, cols: u32, held: u32, start: u32 }       // count: rows of at, or of y in copy and place
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [held, cols]
@group(0) @binding(2) var<storage, read> rows: array<f32>;            // [count, cols]
@group(0) @binding(3) var<storage, read> at: array<u32>;              // [count]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;         // scatter, clear [held, cols]; copy, place [count, cols]

@compute @workgroup_size(64)
fn scatter(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count * u.cols) { return; }
  let row = at[i / u.cols];
  if (row < u.held) { y[row * u.cols + i % u.cols] = rows[i]; }
}

@compute @workgroup_size(64)
fn clear(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count * u.cols) { return; }
  let row = at[i / u.cols];
  if (row < u.held) { y[row * u.cols + i % u.cols] = 0.0; }
}

@compute @workgroup_size(64)
fn copy(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count * u.cols) { y[i] = x[i + u.start * u.cols]; }
}

@compute @workgroup_size(64)
fn place(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count * u.cols) { return; }
  let before = u.start * u.cols;
  var value = 0.0;
  if (i >= before && i - before < u.held * u.cols) { value = x[i - before]; }
  y[i] = value;
}
