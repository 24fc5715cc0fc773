// What a device can do at best, for judging other kernels by.  y[i] = x[i], and s = s * f + f in registers.
//   copy          y = x by vec4: bytes a second
//   multiply_add  eight independent chains of vec4 multiply-adds a thread, eight links a step: operations a second
//! include grid
struct Uniforms { count: u32, steps: u32, factor: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;        // [count]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;  // [count]

@compute @workgroup_size(64)
fn copy(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count) { return; }
  y[i] = x[i];
}

// Unrolled, so that the loop itself weighs little.
fn eight(start: vec4<f32>, f: vec4<f32>) -> vec4<f32> {
  var s = start;
  s = s * f + f;
  s = s * f + f;
  s = s * f + f;
  s = s * f + f;
  s = s * f + f;
  s = s * f + f;
  s = s * f + f;
  return s * f + f;
}

@compute @workgroup_size(64)
fn multiply_add(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count) { return; }
  let f = vec4<f32>(u.factor);
  var a = x[i];
  var b = a + 1.0;
  var c = a + 2.0;
  var d = a + 3.0;
  var e = a + 4.0;
  var g = a + 5.0;
  var h = a + 6.0;
  var l = a + 7.0;
  for (var step = 0u; step < u.steps; step++) {
    a = eight(a, f);
    b = eight(b, f);
    c = eight(c, f);
    d = eight(d, f);
    e = eight(e, f);
    g = eight(g, f);
    h = eight(h, f);
    l = eight(l, f);
  }
  y[i] = a + b + c + d + e + g + h + l;
}
