// GEMV by workgroups, see gemv. A workgroup's THREADS threads are GROUPS groups of LANES lanes. The lanes of a group share the depth and leave
// their sums in workgroup memory, where they are added in the order of the lanes: the same bits every time.
//! include gemv_sums
const THREADS = 64u;   // as in src/ops/decode/gemv.ts
const GROUPS = THREADS / LANES;
const STRIDE = GROUPS * ROWS * 4u + 1u;   // odd: lanes write to different banks
var<workgroup> lane_sums: array<f32, LANES * STRIDE>;
var<workgroup> lane_squares: array<f32, LANES * ROWS>;

fn leave(sums: Sums, group: u32, row: u32, lane: u32) {
  let at = lane * STRIDE + (group * ROWS + row) * 4u;
  for (var c = 0u; c < 4u; c++) { lane_sums[at + c] = sums.dots[c]; }
  if (NORM && group == 0u) { lane_squares[lane * ROWS + row] = sums.squares; }
}

// The sums of all lanes, added in their order.
fn reduced(group: u32, row: u32) -> Sums {
  var sums: Sums;
  let end = min(LANES, u.depth >> 2u);
  for (var lane = 0u; lane < end; lane++) {
    let at = lane * STRIDE + (group * ROWS + row) * 4u;
    sums.dots += vec4<f32>(lane_sums[at], lane_sums[at + 1u], lane_sums[at + 2u], lane_sums[at + 3u]);
    if (NORM) { sums.squares += lane_squares[lane * ROWS + row]; }
  }
  return sums;
}

// All that a kernel does; every thread of the workgroup must call.
fn produce(workgroup: vec3<u32>, thread: u32) {
  let first_row = workgroup.y * ROWS;
  let first_group = workgroup.x * GROUPS;
  let group = thread / LANES;
  let lane = thread % LANES;
  var sums = multiply(first_row, group_columns(first_group + group), lane);
  for (var row = 0u; row < ROWS; row++) { leave(sums[row], group, row, lane); }
  workgroupBarrier();
  for (var at = thread; at < GROUPS * ROWS; at += THREADS) {
    let made = at / ROWS;
    finish_sums(reduced(made, at % ROWS), first_row + at % ROWS, first_group + made);
  }
}
