// The two ends of squeeze-and-excitation (Hu et al. 2018) over channels-last maps of P pixels.
//   mean:   m[t, c] = mean over p of x[t, p, c];          mean_backward:  dx[t, p, c] = dm[t, c] / P
//   scale:  y[t, p, c] = x[t, p, c] * z[t, c];            scale_backward_input: dx = dy * z (the same kernel)
//           scale_backward_factor: dz[t, c] = sum over p of dy[t, p, c] * x[t, p, c]
// All results are overwritten. One thread per element of the result.
//! include grid
struct Uniforms { frames: u32, pixels: u32, channels: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [T, P, C]
@group(0) @binding(2) var<storage, read> z: array<f32>;               // [T, C]
@group(0) @binding(3) var<storage, read_write> map_out: array<f32>;   // [T, P, C]
@group(0) @binding(4) var<storage, read_write> row_out: array<f32>;   // [T, C]
@group(0) @binding(5) var<storage, read> dy: array<f32>;              // [T, P, C]

@compute @workgroup_size(64)
fn mean(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.frames * u.channels) { return; }
  let start = i / u.channels * u.pixels * u.channels + i % u.channels;
  var sum = 0.0;
  for (var p = 0u; p < u.pixels; p++) { sum += x[start + p * u.channels]; }
  row_out[i] = sum / f32(u.pixels);
}

@compute @workgroup_size(64)
fn mean_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.frames * u.pixels * u.channels) { return; }
  let t = i / (u.pixels * u.channels);
  map_out[i] = z[t * u.channels + i % u.channels] / f32(u.pixels);
}

@compute @workgroup_size(64)
fn scale(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.frames * u.pixels * u.channels) { return; }
  let t = i / (u.pixels * u.channels);
  map_out[i] = x[i] * z[t * u.channels + i % u.channels];
}

@compute @workgroup_size(64)
fn scale_backward_factor(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.frames * u.channels) { return; }
  let start = i / u.channels * u.pixels * u.channels + i % u.channels;
  var sum = 0.0;
  for (var p = 0u; p < u.pixels; p++) { sum += x[start + p * u.channels] * dy[start + p * u.channels]; }
  row_out[i] = sum;
}
