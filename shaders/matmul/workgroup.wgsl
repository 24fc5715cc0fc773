// Matmul by workgroups, with B as f32 in workgroup memory. Formula and tiles: lib/matmul_workgroup; variants: matmul/thread.
//! include matmul_workgroup
alias SharedB = vec4<f32>;

@compute @workgroup_size(THREADS)
fn by_workgroups(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) { make_tiles(group, thread); }
