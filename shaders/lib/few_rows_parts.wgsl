// Products of few rows with weights, y[r, j] = sum over d of x[r, d] * W[j, d], each weight read once for a block of ROWS <= 8 rows:
// what few_rows and few_rows_subgroups share. A group is four columns j of the block. Where NORM, sums of squares of x come along.
// The file that includes either has `x` vec4 with `u.stride` of them from row to row, `u.rows`, `u.depth`, `u.groups`, `u.eps`, and
//   group_columns(group)            where the four rows of W start that this group, counted over all workgroups, is to read
//   weight_columns(columns, d)      column c: the weights d .. d + 3 of the c-th of them, times the norm's weight where NORM
//   low_rank_terms()                how many terms an adapter adds to each product; more but smaller ones where SPREAD_TERMS
//   low_rank_weights(group, term)   their factors for the four columns,
//   low_rank_input(row, term)       and for a row
//   finish(row, group, products)    what becomes of the four products
// Loops that run once a product end where the data does, not at a constant: some compilers unroll the latter into very long code.

// Of weight number `part`.
struct Columns { part: u32, starts: vec4<u32> }

// Where the rows first .. first + 3 of a weight start; rows beyond the last repeat it.
fn row_starts(first: u32, extent: u32) -> vec4<u32> {
  return u.depth * min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(max(extent, 1u) - 1u));
}

struct Sums { products: vec4<f32>, squares: f32 }

fn take(sums: ptr<function, Sums>, value: vec4<f32>, weights: mat4x4<f32>) {
  (*sums).products += value * weights;
  if (NORM) { (*sums).squares += dot(value, value); }
}

fn row_quad(row: u32, quad: u32) -> vec4<f32> { return x[min(row, u.rows - 1u) * u.stride + quad]; }

// The sums of one of LANES lanes. The rows are written out, since not all compilers keep an array in registers.
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
