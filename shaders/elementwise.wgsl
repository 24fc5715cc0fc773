// Elementwise functions, one thread per element.  ACTIVATION: 0 silu, 1 sigmoid, 2 gelu (erf), 3 gelu (tanh), 4 gelu (quick),
// 5 tanh, 6 relu.
//   forward          y = f(x)                               backward          dx = dy * f'(x)            overwritten
//   forward_product  y = f(x) * factor                      backward_product  dx = dy * factor * f'(x),
//                                                                             dfactor = dy * f(x)        overwritten
//   scale            y = alpha * x
// sigmoid s(x) = 1 / (1 + exp(-x)); silu(x) = x s(x); gelu (Hendrycks & Gimpel 2016, arXiv 1606.08415): x Phi(x), with
// Phi(x) = erfc(-x / sqrt 2) / 2, by its tanh form 0.5 x (1 + tanh t) = x s(2t), t = sqrt(2 / pi) (x + 0.044715 x^3), or by
// its quick form x s(1.702 x).
//! include grid
struct Uniforms { count: u32, alpha: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [count]
@group(0) @binding(2) var<storage, read> factor: array<f32>;          // [count]
@group(0) @binding(3) var<storage, read> dy: array<f32>;              // [count]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;         // [count]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;        // [count]
@group(0) @binding(6) var<storage, read_write> dfactor: array<f32>;   // [count]

const QUICK = 1.702;

// exp cannot overflow: s(-80) is 2e-35.
fn logistic(v: f32) -> f32 { return 1.0 / (1.0 + exp(-clamp(v, -80.0, 80.0))); }

// Phi(-z) for z >= 0: half of erfc(z / sqrt 2) by the Chebyshev fit of Press et al., Numerical Recipes, 6.2 (relative error
// at most 1.2e-7).
fn normal_tail(z: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.35355339 * z);
  let high = -0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))));
  let fit = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * high)));
  return 0.5 * t * exp(fit - 0.5 * z * z);
}

fn normal(v: f32) -> f32 {
  let tail = normal_tail(min(abs(v), 12.0));
  return select(tail, 1.0 - tail, v > 0.0);
}

// tanh is 1 in f32 from 10 on; exp of larger numbers would overflow.
fn bounded_tanh(v: f32) -> f32 { return tanh(clamp(v, -10.0, 10.0)); }

fn tanh_argument(v: f32) -> f32 { return 1.5957691216 * (v + 0.044715 * v * v * v); }

fn activate(v: f32) -> f32 {
  if (ACTIVATION == 0u) { return v * logistic(v); }
  if (ACTIVATION == 1u) { return logistic(v); }
  if (ACTIVATION == 2u) { return v * normal(v); }
  if (ACTIVATION == 3u) { return v * logistic(tanh_argument(v)); }
  if (ACTIVATION == 5u) { return bounded_tanh(v); }
  if (ACTIVATION == 6u) { return max(v, 0.0); }
  return v * logistic(QUICK * v);
}

fn slope(v: f32) -> f32 {
  if (ACTIVATION == 0u) { let s = logistic(v); return s * (1.0 + v * (1.0 - s)); }
  if (ACTIVATION == 1u) { let s = logistic(v); return s * (1.0 - s); }
  if (ACTIVATION == 2u) { let z = min(abs(v), 12.0); return normal(v) + v * 0.3989422804 * exp(-0.5 * z * z); }
  if (ACTIVATION == 4u) { let s = logistic(QUICK * v); return s + v * s * (1.0 - s) * QUICK; }
  if (ACTIVATION == 5u) { let t = bounded_tanh(v); return 1.0 - t * t; }
  if (ACTIVATION == 6u) { return select(0.0, 1.0, v > 0.0); }
  let s = logistic(tanh_argument(v));
  return s + v * s * (1.0 - s) * 1.5957691216 * (1.0 + 0.134145 * v * v);
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count) { y[i] = activate(x[i]); }
}

@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count) { dx[i] = dy[i] * slope(x[i]); }
}

@compute @workgroup_size(64)
fn forward_product(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count) { y[i] = activate(x[i]) * factor[i]; }
}

@compute @workgroup_size(64)
fn backward_product(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count) { return; }
  dx[i] = dy[i] * factor[i] * slope(x[i]);
  dfactor[i] = dy[i] * activate(x[i]);
}

@compute @workgroup_size(64)
fn scale(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i < u.count) { y[i] = u.alpha * x[i]; }
}
