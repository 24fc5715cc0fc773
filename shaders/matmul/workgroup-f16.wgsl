// Matmul by workgroups, with B, whose weights are of 16 bits, as f16 in workgroup memory: half the memory, and sums in f32 all the same. A bf16
// value below 2^-17 is then off by less than 2^-24; values that f16 cannot hold never come here (ValueRange of src/gpu/tensor.ts).
// Formula and tiles: lib/matmul_workgroup; variants: matmul/thread.
enable f16;
//! include matmul_workgroup
alias SharedB = vec4<f16>;

@compute @workgroup_size(THREADS)
fn by_workgroups(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) { make_tiles(group, thread); }
