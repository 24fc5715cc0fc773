// The second factors of up to three adapters, side by side:  out[r, j] += scale_p h_p[r] . B_p[j],  p the part that column j lies in.
// One thread per output. Parts without an adapter have rank 0 and stay as they are.
//! include grid
struct Uniforms {
  rows: u32, n_0: u32, n_1: u32, n_2: u32, rank_0: u32, rank_1: u32, rank_2: u32,
  scale_0: f32, scale_1: f32, scale_2: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> low_rank: array<f32>;         // [rows, rank_0 + rank_1 + rank_2]
@group(0) @binding(2) var<storage, read> b_0: array<f32>;              // [n_0, rank_0]
@group(0) @binding(3) var<storage, read> b_1: array<f32>;              // [n_1, rank_1]
@group(0) @binding(4) var<storage, read> b_2: array<f32>;              // [n_2, rank_2]
@group(0) @binding(5) var<storage, read_write> out: array<f32>;        // [rows, n_0 + n_1 + n_2]

@compute @workgroup_size(64)
fn add_low_rank(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  let width = u.n_0 + u.n_1 + u.n_2;
  if (at >= u.rows * width) { return; }
  let h = at / width * (u.rank_0 + u.rank_1 + u.rank_2);
  var column = at % width;
  var sum = 0.0;
  if (column < u.n_0) {
    for (var i = 0u; i < u.rank_0; i++) { sum += u.scale_0 * low_rank[h + i] * b_0[column * u.rank_0 + i]; }
  } else if (column < u.n_0 + u.n_1) {
    column -= u.n_0;
    for (var i = 0u; i < u.rank_1; i++) { sum += u.scale_1 * low_rank[h + u.rank_0 + i] * b_1[column * u.rank_1 + i]; }
  } else {
    column -= u.n_0 + u.n_1;
    for (var i = 0u; i < u.rank_2; i++) { sum += u.scale_2 * low_rank[h + u.rank_0 + u.rank_1 + i] * b_2[column * u.rank_2 + i]; }
  }
  out[at] += sum;
}
