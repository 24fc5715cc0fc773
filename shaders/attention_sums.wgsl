// What the variants of attention/ share of the backward pass: what is read of each query there, and sums over parts of keys' gradients.
//   moments[i, h] = (L, dO.O)          total[j, h] = sum over parts of parts[j, h, part]
//! include attention_parts
//! include grid

// (L, D) of each query and head, side by side, so that the kernels below stay within eight storage buffers.
@compute @workgroup_size(64)
fn backward_moments(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at >= u.queries * u.heads) { return; }
  var d = 0.0;
  for (var c = 0u; c < VECS; c++) { d += dot(d_o[at * VECS + c], saved_o[at * VECS + c]); }
  moments[at] = vec2<f32>(saved_lse[at], d);
}

// Sum of the parts of each key and KV head, in order; one thread per vec4 of the result.
@compute @workgroup_size(64)
fn sum_parts(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at >= u.keys * u.heads / u.group * VECS) { return; }
  let unit = at / VECS;
  let column = at % VECS;
  var sum = vec4<f32>();
  for (var part = 0u; part < u.parts; part++) { sum += parts[(unit * u.parts + part) * VECS + column]; }
  total[at] = sum;
}
