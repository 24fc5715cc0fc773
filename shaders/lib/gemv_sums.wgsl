// What gemv_thread and gemv_workgroup share: the sums that one lane of a group makes. LANES lanes share the depth, four neighbouring d at a time.
//! include gemv
const SPREAD_TERMS = false;   // an adapter's terms are few: a thread takes all of a row

struct Sums { dots: vec4<f32>, squares: f32 }

fn take(sums: ptr<function, Sums>, value: vec4<f32>, weights: mat4x4<f32>) {
  (*sums).dots += value * weights;
  if (NORM) { (*sums).squares += dot(value, value); }
}

// The sums of one lane over its share of the depth. Rows are unrolled: not all compilers keep an array in registers.
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

// The dot products, times 1 / sqrt(mean(x^2) + eps) where NORM.
fn normed(sums: Sums) -> vec4<f32> {
  if (!NORM) { return sums.dots; }
  return sums.dots * inverseSqrt(sums.squares / f32(u.depth) + u.eps);
}

// With what an adapter adds to a row.
fn with_low_rank(dots: vec4<f32>, row: u32, group: u32) -> vec4<f32> {
  var sum = dots;
  let end = select(low_rank_terms(), 0u, row >= u.rows || group >= u.groups);
  for (var term = 0u; term < end; term++) { sum += low_rank_input(row, term) * low_rank_weights(group, term); }
  return sum;
}

fn finish_sums(sums: Sums, row: u32, group: u32) { finish(row, group, with_low_rank(normed(sums), row, group)); }
