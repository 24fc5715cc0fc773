// Norm of all gradients and the factor that clips it (torch clip_grad_norm_), in two levels, in a fixed order.
//   partial: squares[first + k] = sum of g^2 over the k-th run of 4096 values; -1 where one of them is not finite
//   finish:  norm = sqrt(sum of squares), factor = min(1, max_norm / (norm + 1e-6)); all zero but `skipped` otherwise
// Values are loaded as bits: a shader compiler may take for granted that floats are finite.
//! include grid
//! include reduce
struct Uniforms { count: u32, first: u32, max_norm_at: u32 }
struct Stats { norm: f32, factor: f32, skipped: f32 }
const RUN: u32 = 4096u;
const EXPONENT: u32 = 0x7f800000u;
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> gradients: array<u32>;       // [count] bits of f32
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;   // [runs of all chunks]
@group(0) @binding(3) var<storage, read> partials: array<f32>;        // [count] the same, complete
@group(0) @binding(4) var<storage, read> control: array<f32>;         // settings; max_norm at u.max_norm_at
@group(0) @binding(5) var<storage, read_write> stats: Stats;

@compute @workgroup_size(64)
fn partial(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let run = linear_workgroup(group, grid);
  let end = min(u.count, (run + 1u) * RUN);
  var sum = 0.0;
  var broken = 0.0;
  for (var i = run * RUN + lane; i < end; i += 64u) {
    let bits = gradients[i];
    if ((bits & EXPONENT) == EXPONENT) { broken = 1.0; } else { let g = bitcast<f32>(bits); sum += g * g; }
  }
  let total = workgroup_sum(sum, lane);
  let any_broken = workgroup_max(broken, lane);
  if (lane == 0u && run * RUN < u.count) { squares[u.first + run] = select(total, -1.0, any_broken > 0.0); }
}

@compute @workgroup_size(64)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  var broken = 0.0;
  for (var i = lane; i < u.count; i += 64u) {
    let value = partials[i];
    if (value < 0.0 || (bitcast<u32>(value) & EXPONENT) == EXPONENT) { broken = 1.0; } else { sum += value; }
  }
  let total = workgroup_sum(sum, lane);
  let any_broken = workgroup_max(broken, lane);
  if (lane > 0u) { return; }
  if (any_broken > 0.0 || (bitcast<u32>(total) & EXPONENT) == EXPONENT) { stats = Stats(0.0, 0.0, 1.0); return; }
  let norm = sqrt(total);
  stats = Stats(norm, min(1.0, control[u.max_norm_at] / (norm + 1e-6)), 0.0);
}
