// A linear layer added to the residual stream on the few rows of a decode step, by workgroups. Formula, shapes and bindings: lib/decode_residual.
// Variants (how they share the work: lib/gemv_*):
//   thread     a thread makes four columns of all rows by itself
//   workgroup  threads of a workgroup share the depth, and add up in its memory
//   subgroup   threads of a workgroup share the depth, and add up in subgroups first
//! include gemv_workgroup
//! include decode_residual

@compute @workgroup_size(THREADS)
fn add_linear(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) { produce(workgroup, thread); }
