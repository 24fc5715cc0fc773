// GEMV by subgroups of SUBGROUP threads, 8 or more, see gemv. A workgroup's LANES threads make one group: they
// share the depth, four neighbouring d at a time, and the terms of an adapter. Their sums are added within subgroups, where in three
// exchanges each eighth of the lanes comes to hold one of eight rows, then over the subgroups: always in the same order.
// Neighbouring threads lie in one subgroup: src/ops/decode/tune-decode.ts sees to it that nothing is computed here where they do not.
enable subgroups;
//! include gemv
//! include multiply_add
const THREADS = LANES;
const SPREAD_TERMS = true;                // an adapter's terms are as many as can be: each thread takes some
const TEAMS = LANES / SUBGROUP;
const EIGHTH = SUBGROUP / 8u;
var<workgroup> team_sums: array<vec4<f32>, 8u * TEAMS>;
var<workgroup> team_squares: array<vec4<f32>, 2u * TEAMS>;

fn squares(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(dot(a, a), dot(b, b), dot(c, c), dot(d, d));
}

// The sums of two halves of the rows, kept by the two halves of the lanes.
fn exchanged(low: vec4<f32>, high: vec4<f32>, lane: u32, bit: u32) -> vec4<f32> {
  let upper = (lane & bit) != 0u;
  return select(low, high, upper) + subgroupShuffleXor(select(high, low, upper), bit);
}

// 1 / sqrt(mean(x^2) + eps) of rows 0 .. 3 or 4 .. 7, from what the subgroups left.
fn row_scales(half: u32) -> vec4<f32> {
  var squares = vec4<f32>();
  for (var team = 0u; team < TEAMS; team++) { squares += team_squares[2u * team + half]; }
  return inverseSqrt(squares / f32(u.depth) + u.eps);
}

fn term_input(first_row: u32, row: u32, term: u32) -> f32 { return low_rank_input(min(first_row + row, u.rows - 1u), term); }

// All that a kernel does; every thread of the workgroup must call.
fn produce(workgroup: vec3<u32>, thread: u32) {
  let group = workgroup.x;
  let first_row = workgroup.y * ROWS;
  let lane = subgroupExclusiveAdd(1u);   // number of this thread in its subgroup
  let team = thread / SUBGROUP;
  let columns = group_columns(group);
  var p0 = vec4<f32>(); var p1 = vec4<f32>(); var p2 = vec4<f32>(); var p3 = vec4<f32>();
  var p4 = vec4<f32>(); var p5 = vec4<f32>(); var p6 = vec4<f32>(); var p7 = vec4<f32>();
  var low = vec4<f32>();    // squares of rows 0 .. 3
  var high = vec4<f32>();   // and 4 .. 7
  let quads = u.depth >> 2u;
  for (var quad = thread; quad < quads; quad += 2u * LANES) {
    // Two quads a turn, so that more of the memory is asked for before the first is there. A second one beyond the end counts as 0.
    let has_far = quad + LANES < quads;
    let far_quad = select(quad, quad + LANES, has_far);
    let near = transpose(weight_columns(columns, 4u * quad));
    let far = select(0.0, 1.0, has_far) * transpose(weight_columns(columns, 4u * far_quad));
    let x0 = row_quad(first_row, quad);
    var x1 = x0; var x2 = x0; var x3 = x0; var x4 = x0; var x5 = x0; var x6 = x0; var x7 = x0;
    if (ROWS > 1u) { x1 = row_quad(first_row + 1u, quad); }
    if (ROWS > 2u) { x2 = row_quad(first_row + 2u, quad); }
    if (ROWS > 3u) { x3 = row_quad(first_row + 3u, quad); }
    if (ROWS > 4u) { x4 = row_quad(first_row + 4u, quad); }
    if (ROWS > 5u) { x5 = row_quad(first_row + 5u, quad); }
    if (ROWS > 6u) { x6 = row_quad(first_row + 6u, quad); }
    if (ROWS > 7u) { x7 = row_quad(first_row + 7u, quad); }
    let y0 = row_quad(first_row, far_quad);
    var y1 = y0; var y2 = y0; var y3 = y0; var y4 = y0; var y5 = y0; var y6 = y0; var y7 = y0;
    if (ROWS > 1u) { y1 = row_quad(first_row + 1u, far_quad); }
    if (ROWS > 2u) { y2 = row_quad(first_row + 2u, far_quad); }
    if (ROWS > 3u) { y3 = row_quad(first_row + 3u, far_quad); }
    if (ROWS > 4u) { y4 = row_quad(first_row + 4u, far_quad); }
    if (ROWS > 5u) { y5 = row_quad(first_row + 5u, far_quad); }
    if (ROWS > 6u) { y6 = row_quad(first_row + 6u, far_quad); }
    if (ROWS > 7u) { y7 = row_quad(first_row + 7u, far_quad); }
    p0 = multiply_added(multiply_added(p0, x0, near), y0, far);
    if (ROWS > 1u) { p1 = multiply_added(multiply_added(p1, x1, near), y1, far); }
    if (ROWS > 2u) { p2 = multiply_added(multiply_added(p2, x2, near), y2, far); }
    if (ROWS > 3u) { p3 = multiply_added(multiply_added(p3, x3, near), y3, far); }
    if (ROWS > 4u) { p4 = multiply_added(multiply_added(p4, x4, near), y4, far); }
    if (ROWS > 5u) { p5 = multiply_added(multiply_added(p5, x5, near), y5, far); }
    if (ROWS > 6u) { p6 = multiply_added(multiply_added(p6, x6, near), y6, far); }
    if (ROWS > 7u) { p7 = multiply_added(multiply_added(p7, x7, near), y7, far); }
    if (NORM) {
      low += squares(x0, x1, x2, x3) + select(vec4<f32>(), squares(y0, y1, y2, y3), has_far);
      if (ROWS > 4u) { high += squares(x4, x5, x6, x7) + select(vec4<f32>(), squares(y4, y5, y6, y7), has_far); }
    }
  }
  if (NORM) {
    low = subgroupAdd(low);
    if (ROWS > 4u) { high = subgroupAdd(high); }
    if (lane == 0u) {
      team_squares[2u * team] = low;
      team_squares[2u * team + 1u] = high;
    }
    workgroupBarrier();
    low = row_scales(0u);
    p0 *= low.x; p1 *= low.y; p2 *= low.z; p3 *= low.w;
    if (ROWS > 4u) {
      high = row_scales(1u);
      p4 *= high.x; p5 *= high.y; p6 *= high.z; p7 *= high.w;
    }
  }
  for (var term = thread; term < low_rank_terms(); term += LANES) {
    let weights = low_rank_weights(group, term);
    p0 += term_input(first_row, 0u, term) * weights;
    if (ROWS > 1u) { p1 += term_input(first_row, 1u, term) * weights; }
    if (ROWS > 2u) { p2 += term_input(first_row, 2u, term) * weights; }
    if (ROWS > 3u) { p3 += term_input(first_row, 3u, term) * weights; }
    if (ROWS > 4u) { p4 += term_input(first_row, 4u, term) * weights; }
    if (ROWS > 5u) { p5 += term_input(first_row, 5u, term) * weights; }
    if (ROWS > 6u) { p6 += term_input(first_row, 6u, term) * weights; }
    if (ROWS > 7u) { p7 += term_input(first_row, 7u, term) * weights; }
  }
  var sum = subgroupAdd(p0);
  if (ROWS > 1u) {
    let even = exchanged(exchanged(p0, p4, lane, 4u * EIGHTH), exchanged(p2, p6, lane, 4u * EIGHTH), lane, 2u * EIGHTH);
    let odd = exchanged(exchanged(p1, p5, lane, 4u * EIGHTH), exchanged(p3, p7, lane, 4u * EIGHTH), lane, 2u * EIGHTH);
    sum = exchanged(even, odd, lane, EIGHTH);
    for (var bit = EIGHTH / 2u; bit > 0u; bit >>= 1u) { sum += subgroupShuffleXor(sum, bit); }
  }
  if (lane % EIGHTH == 0u && (ROWS > 1u || lane == 0u)) { team_sums[8u * team + lane / EIGHTH] = sum; }
  workgroupBarrier();
  if (thread >= ROWS) { return; }
  var total = vec4<f32>();
  for (var part = 0u; part < TEAMS; part++) { total += team_sums[8u * part + thread]; }
  finish(first_row + thread, group, total);
}
