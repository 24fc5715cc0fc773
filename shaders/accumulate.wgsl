// Sums of gradients.  sum: out = a + b.  add_to: target += a.  fill: target = value.  One thread per element.
//! include grid
struct Uniforms { count: u32, value: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> a: array<f32>;               // [count]
@group(0) @binding(2) var<storage, read> b: array<f32>;               // [count]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;       // [count]

@compute @workgroup_size(64)
fn sum(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count) { out[i] = a[i] + b[i]; }
}

@compute @workgroup_size(64)
fn add_to(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count) { out[i] += a[i]; }
}

@compute @workgroup_size(64)
fn fill(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count) { out[i] = u.value; }
}
