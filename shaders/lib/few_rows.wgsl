// Products of few rows, see few_rows_parts, by way of workgroup memory. A workgroup's THREADS threads are GROUPS groups of LANES lanes.
// The lanes of a group share the depth, four neighbouring d at a time, and leave their sums in workgroup memory, where they are added in
// the order of the lanes: the same bits every time. With one lane there is nothing to share, and no barrier.
//! include few_rows_parts
const THREADS = select(64u, 16u, LANES == 1u);   // as workgroupThreads in src/ops/decode/few-rows.ts
const SPREAD_TERMS = false;               // an adapter's terms are few: a thread takes all of a row
const GROUPS = THREADS / LANES;
const STRIDE = GROUPS * ROWS * 4u + 1u;   // odd: lanes write to different banks
var<workgroup> lane_sums: array<f32, LANES * STRIDE>;
var<workgroup> lane_squares: array<f32, LANES * ROWS>;

struct Sums { products: vec4<f32>, squares: f32 }

fn take(sums: ptr<function, Sums>, value: vec4<f32>, weights: mat4x4<f32>) {
  (*sums).products += value * weights;
  if (NORM) { (*sums).squares += dot(value, value); }
}

// The sums of one lane. The rows are written out, since not all compilers keep an array in registers.
fn multiply(first_row: u32, columns: Columns, lane: u32) -> array<Sums, 8> {
  var s0: Sums; var s1: Sums; var s2: Sums; var s3: Sums; var s4: Sums; var s5: Sums; var s6: Sums; var s7: Sums;
  for (var quad = lane; quad < (u.depth >> 2u); quad += LANES) {
    let weights = weight_columns(columns, 4u * quad);
    take(&s0, row_quad(first_row, quad), weights);
    if (ROWS > 1u) { take(&s1, row_quad(first_row + 1u, quad), weights); }
    if (ROWS > 2u) { take(&s2, row_quad(first_row + 2u, quad), weights); }
    if (ROWS > 3u) { take(&s3, row_quad(first_row + 3u, quad), weights); }
    if (ROWS > 4u) { take(&s4, row_quad(first_row + 4u, quad), weights); }
    if (ROWS > 5u) { take(&s5, row_quad(first_row + 5u, quad), weights); }
    if (ROWS > 6u) { take(&s6, row_quad(first_row + 6u, quad), weights); }
    if (ROWS > 7u) { take(&s7, row_quad(first_row + 7u, quad), weights); }
  }
  return array<Sums, 8>(s0, s1, s2, s3, s4, s5, s6, s7);
}

// The products, times 1 / sqrt(mean(x^2) + eps) where NORM.
fn normed(sums: Sums) -> vec4<f32> {
  if (!NORM) { return sums.products; }
  return sums.products * inverseSqrt(sums.squares / f32(u.depth) + u.eps);
}

fn leave(sums: Sums, group: u32, row: u32, lane: u32) {
  let at = lane * STRIDE + (group * ROWS + row) * 4u;
  for (var c = 0u; c < 4u; c++) { lane_sums[at + c] = sums.products[c]; }
  if (NORM && group == 0u) { lane_squares[lane * ROWS + row] = sums.squares; }
}

fn joined(group: u32, row: u32) -> Sums {
  var sums: Sums;
  let end = min(LANES, u.depth >> 2u);
  for (var lane = 0u; lane < end; lane++) {
    let at = lane * STRIDE + (group * ROWS + row) * 4u;
    sums.products += vec4<f32>(lane_sums[at], lane_sums[at + 1u], lane_sums[at + 2u], lane_sums[at + 3u]);
    if (NORM) { sums.squares += lane_squares[lane * ROWS + row]; }
  }
  return sums;
}

// What an adapter adds to a row's products.
fn with_low_rank(products: vec4<f32>, row: u32, group: u32) -> vec4<f32> {
  var sum = products;
  let end = select(low_rank_terms(), 0u, row >= u.rows || group >= u.groups);
  for (var term = 0u; term < end; term++) { sum += low_rank_input(row, term) * low_rank_weights(group, term); }
  return sum;
}

fn finish_sums(sums: Sums, row: u32, group: u32) { finish(row, group, with_low_rank(normed(sums), row, group)); }

// One group a thread.
fn produce_alone(first_row: u32, group: u32) {
  if (group >= u.groups) { return; }
  var sums = multiply(first_row, group_columns(group), 0u);
  let end = min(ROWS, u.rows - first_row);
  for (var row = 0u; row < end; row++) { finish_sums(sums[row], first_row + row, group); }
}

// All that a kernel does; every thread of the workgroup must call.
fn produce(workgroup: vec3<u32>, thread: u32) {
  let first_row = workgroup.y * ROWS;
  let first_group = workgroup.x * GROUPS;
  if (LANES == 1u) {
    produce_alone(first_row, first_group + thread);
    return;
  }
  let group = thread / LANES;
  let lane = thread % LANES;
  var sums = multiply(first_row, group_columns(first_group + group), lane);
  for (var row = 0u; row < ROWS; row++) { leave(sums[row], group, row, lane); }
  workgroupBarrier();
  for (var at = thread; at < GROUPS * ROWS; at += THREADS) {
    let made = at / ROWS;
    finish_sums(joined(made, at % ROWS), first_row + at % ROWS, first_group + made);
  }
}
