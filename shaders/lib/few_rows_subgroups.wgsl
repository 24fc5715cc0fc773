// Products of few rows, see few_rows_parts, by subgroups of SUBGROUP threads, 8 or more. A workgroup's LANES threads make one group: they
// share the depth, four neighbouring d at a time, and the terms of an adapter. Their sums are added within subgroups, where in three
// exchanges each eighth of the lanes comes to hold one of eight rows, then over the subgroups: always in the same order.
// Neighbouring threads lie in one subgroup: src/ops/tune-decode.ts sees to it that nothing is computed here where they do not.
enable subgroups;
//! include few_rows_parts
const THREADS = LANES;
const SPREAD_TERMS = true;                // an adapter's terms are as many as can be: each thread takes some
const TEAMS = LANES / SUBGROUP;
const EIGHTH = SUBGROUP / 8u;
var<workgroup> team_sums: array<vec4<f32>, 8u * TEAMS>;
var<workgroup> team_squares: array<f32, 8u * TEAMS>;

// The sums of two halves of the rows, kept by the two halves of the lanes.
fn exchanged(low: vec4<f32>, high: vec4<f32>, lane: u32, bit: u32) -> vec4<f32> {
  let upper = (lane & bit) != 0u;
  return select(low, high, upper) + subgroupShuffleXor(select(high, low, upper), bit);
}

// The sum over the subgroup, of row lane / EIGHTH.
fn joined_rows(s: array<vec4<f32>, 8>, lane: u32) -> vec4<f32> {
  if (ROWS == 1u) { return subgroupAdd(s[0]); }
  let four_0 = exchanged(s[0], s[4], lane, 4u * EIGHTH);
  let four_1 = exchanged(s[1], s[5], lane, 4u * EIGHTH);
  let four_2 = exchanged(s[2], s[6], lane, 4u * EIGHTH);
  let four_3 = exchanged(s[3], s[7], lane, 4u * EIGHTH);
  let two_0 = exchanged(four_0, four_2, lane, 2u * EIGHTH);
  let two_1 = exchanged(four_1, four_3, lane, 2u * EIGHTH);
  var sum = exchanged(two_0, two_1, lane, EIGHTH);
  for (var bit = EIGHTH / 2u; bit > 0u; bit >>= 1u) { sum += subgroupShuffleXor(sum, bit); }
  return sum;
}

// 1 / sqrt(mean(x^2) + eps) of each row, from each thread's part of the squares.
fn row_scales(low: vec4<f32>, high: vec4<f32>, thread: u32) -> array<f32, 8> {
  let first = subgroupAdd(low);
  let second = subgroupAdd(high);
  if (subgroupElect()) {
    for (var row = 0u; row < 4u; row++) {
      team_squares[thread / SUBGROUP * 8u + row] = first[row];
      team_squares[thread / SUBGROUP * 8u + 4u + row] = second[row];
    }
  }
  workgroupBarrier();
  var scales: array<f32, 8>;
  for (var row = 0u; row < ROWS; row++) {
    var squares = 0.0;
    for (var team = 0u; team < TEAMS; team++) { squares += team_squares[team * 8u + row]; }
    scales[row] = inverseSqrt(squares / f32(u.depth) + u.eps);
  }
  return scales;
}

// All that a kernel does; every thread of the workgroup must call.
fn produce(workgroup: vec3<u32>, thread: u32) {
  let group = workgroup.x;
  let first_row = workgroup.y * ROWS;
  let lane = subgroupExclusiveAdd(1u);   // number of this thread in its subgroup
  let sums = multiply(first_row, group_columns(group), thread);
  var products: array<vec4<f32>, 8>;
  for (var row = 0u; row < ROWS; row++) { products[row] = sums[row].products; }
  if (NORM) {
    let low = vec4<f32>(sums[0].squares, sums[1].squares, sums[2].squares, sums[3].squares);
    let high = vec4<f32>(sums[4].squares, sums[5].squares, sums[6].squares, sums[7].squares);
    let scales = row_scales(low, high, thread);
    for (var row = 0u; row < ROWS; row++) { products[row] *= scales[row]; }
  }
  for (var term = thread; term < low_rank_terms(); term += LANES) {
    let weights = low_rank_weights(group, term);
    for (var row = 0u; row < ROWS; row++) {
      products[row] += low_rank_input(min(first_row + row, u.rows - 1u), term) * weights;
    }
  }
  let sum = joined_rows(products, lane);
  if (lane % EIGHTH == 0u && (ROWS > 1u || lane == 0u)) { team_sums[thread / SUBGROUP * 8u + lane / EIGHTH] = sum; }
  workgroupBarrier();
  if (thread >= ROWS) { return; }
  var total = vec4<f32>();
  for (var team = 0u; team < TEAMS; team++) { total += team_sums[team * 8u + thread]; }
  finish(first_row + thread, group, total);
}
