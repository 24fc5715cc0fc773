// The second pass of a matmul whose depth is split over workgroups.  c[i,j] (+)= alpha * sum over splits of partial[split,i,j]  (+ bias[j])
// (+ addend[i,j])  (* silu(gate[i,j])),  added in the order of the splits. One thread per output.
//! include grid
//! include matmul_quads
//! include matmul_finish
@group(0) @binding(5) var<storage, read> partial: array<f32>;         // [splits, m, n]

@compute @workgroup_size(64)
fn reduce(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  let count = u.m * u.n;
  if (i >= count) { return; }
  var sum = 0.0;
  for (var split = 0u; split < u.splits; split++) { sum += partial[split * count + i]; }
  store(sum, i, i % u.n);
}
