// AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101; torch.optim.AdamW), four values to a thread:
//   g = factor * gradient;  p *= decay;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   p -= step_size * m / (sqrt(v) * root + eps),  step_size = lr / (1 - beta1^t),  root = 1 / sqrt(1 - beta2^t)
// Does nothing at all when the gradient's norm was not finite.
//! include grid
struct Uniforms { start: u32, count: u32, decays: u32 }
struct Control { step_size: f32, decay: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, root: f32, eps: f32, max_norm: f32 }
struct Stats { norm: f32, factor: f32, skipped: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;                              // in vec4s
@group(0) @binding(1) var<storage, read> control: Control;
@group(0) @binding(2) var<storage, read> stats: Stats;
@group(0) @binding(3) var<storage, read> gradients: array<vec4<f32>>;        // [chunk]
@group(0) @binding(4) var<storage, read_write> values: array<vec4<f32>>;     // [chunk]
@group(0) @binding(5) var<storage, read_write> first: array<vec4<f32>>;      // [chunk] m
@group(0) @binding(6) var<storage, read_write> second: array<vec4<f32>>;     // [chunk] v

@compute @workgroup_size(64)
fn step(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linear_workgroup(group, grid) * 64u + lane;
  if (index >= u.count || stats.skipped > 0.0) { return; }
  let i = u.start + index;
  let g = stats.factor * gradients[i];
  let m = control.beta1 * first[i] + control.rest1 * g;
  let v = control.beta2 * second[i] + control.rest2 * g * g;
  first[i] = m;
  second[i] = v;
  let decay = select(1.0, control.decay, u.decays > 0u);
  values[i] = decay * values[i] - control.step_size * (m / (sqrt(v) * control.root + control.eps));
}
