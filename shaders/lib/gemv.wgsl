// GEMV of few rows, y[r, j] = sum over d of x[r, d] * W[j, d], each weight read once for a block of ROWS <= 8 rows: what gemv_thread,
// gemv_workgroup and gemv_subgroup share. A group is four columns j of the block. Where NORM, sums of squares of x are made on the way.
// A kernel that includes one of them has `x` vec4 with `u.stride` of them from row to row, `u.rows`, `u.depth`, `u.groups`, `u.eps`, and
//   group_columns(group)            where the four rows of W start that this group, counted over all workgroups, is to read
//   weight_columns(columns, d)      column c: the weights d .. d + 3 of the c-th of them, times the norm's weight where NORM
//   low_rank_terms()                how many terms an adapter adds to each sum; more but smaller ones where SPREAD_TERMS
//   low_rank_weights(group, term)   their factors for the four columns,
//   low_rank_input(row, term)       and for a row
//   finish(row, group, sums)        stores the four sums
// Loops that run once a row end where the data does, not at a constant: some compilers unroll the latter into very long code.

// Of weight number `part`.
struct Columns { part: u32, starts: vec4<u32> }

// Where the rows first .. first + 3 of a weight start; rows beyond the last repeat it.
fn row_starts(first: u32, extent: u32) -> vec4<u32> {
  return u.depth * min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(max(extent, 1u) - 1u));
}

fn row_quad(row: u32, quad: u32) -> vec4<f32> { return x[min(row, u.rows - 1u) * u.stride + quad]; }
