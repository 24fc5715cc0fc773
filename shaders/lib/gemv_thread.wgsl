// GEMV by threads, see gemv: each thread makes the four columns of one group, for all rows of a block. No shared memory, no barrier. For
// software adapters, where a barrier costs more than what is shared; 16 threads a workgroup, so that every core of a processor has some.
//! include gemv_sums
const THREADS = 16u;   // as in src/ops/decode/gemv.ts
const LANES = 1u;

// All that a kernel does.
fn produce(workgroup: vec3<u32>, thread: u32) {
  let first_row = workgroup.y * ROWS;
  let group = workgroup.x * THREADS + thread;
  if (group >= u.groups) { return; }
  var sums = multiply(first_row, group_columns(group), 0u);
  let end = min(ROWS, u.rows - first_row);
  for (var row = 0u; row < end; row++) { finish_sums(sums[row], first_row + row, group); }
}
