// Matmul by threads.  c[i,j] (+)= alpha * sum over l of A[i,l] * B[l,j]  (+ bias[j])  (+ addend[i,j])  (* silu(gate[i,j])),  i < m, j < n, l < k.
// A lies in memory as [m, k], or as [k, m] where A_BY_DEPTH; B lies as [k, n], or as [n, k] where B_BY_COLUMN.
// One thread makes a 4x4 (or 8x8) tile of c in registers, read straight from global memory: no shared memory, no barriers.
// A WGSL matrix is indexed by column. Tiles are kept with m[i] = row i: m[i] of A over depths, m[l] of B and m[i] of c over
// columns; then  c tile += B tile * A tile  multiplies them, four depths a step.
//   quads       vec4 loads and stores: n and the contiguous extents of A and B are divisible by 4
//   wide_quads  the same with 8x8 tiles: half the loads for an output, for when there are outputs enough
//   row_quads   the same for a single row (m = 1): 1x4 tiles
//   scalars     any extents, one value a load
// Variants, all with the same formula, layouts and formats:
//   thread         this one: any extents, any device
//   subgroup       a value of A is loaded once a subgroup and broadcast: fewer loads, where subgroups are known to be whole
//   workgroup      A and B go through workgroup memory, 64 or 128 rows by 64 columns at a time: fewest loads, for large matrices on a GPU
//   workgroup-f16  the same with B as f16 in workgroup memory, for 16-bit weights
// Where the depth is split over workgroups, matmul_reduce adds the parts.
//! include matmul_quads
//! include matmul_finish
//! include weight
@group(0) @binding(1) var<storage, read> a: array<f32>;               // [m, k] or [k, m]
@group(0) @binding(2) var<storage, read> b: array<u32>;               // [k, n] or [n, k], in WEIGHT_FORMAT

struct Tile { row: u32, col: u32, start: u32, end: u32 }

fn tile_of(group: vec3<u32>, lane: u32, side: u32) -> Tile {
  let thread_rows = 64u / u.thread_cols;
  let row = side * (group.y * thread_rows + lane / u.thread_cols);
  let col = side * (group.x * u.thread_cols + lane % u.thread_cols);
  let start = group.z * u.depth;
  return Tile(row, col, start, min(start + u.depth, u.k));
}

// m[i][l] = A[row + i, depth + l] of four depths that exist. Rows beyond m repeat the last.
fn a_tile_quads(row: u32, depth: u32) -> mat4x4<f32> {
  if (A_BY_DEPTH) {
    let col = min(row, u.m - 4u);
    return transpose(mat4x4<f32>(
      a_quad(depth, col, u.m),
      a_quad(depth + 1u, col, u.m),
      a_quad(depth + 2u, col, u.m),
      a_quad(depth + 3u, col, u.m)));
  }
  let last = u.m - 1u;
  return mat4x4<f32>(
    a_quad(min(row, last), depth, u.k),
    a_quad(min(row + 1u, last), depth, u.k),
    a_quad(min(row + 2u, last), depth, u.k),
    a_quad(min(row + 3u, last), depth, u.k));
}

// A[row .. row + 3, depth] times B[depth, col .. col + 3]: the share of a single depth, where both lie by depth. Only
// there may k not be divisible by 4.
fn depth_share(depth: u32, row: u32, col: u32) -> mat4x4<f32> {
  let left = a_quad(depth, min(row, u.m - 4u), u.m);
  let right = b_quad(depth, min(col, u.n - 4u), u.n);
  return mat4x4<f32>(left.x * right, left.y * right, left.z * right, left.w * right);
}

fn a_scalar(row: u32, depth: u32) -> f32 {
  let i = min(row, u.m - 1u);
  if (A_BY_DEPTH) { return a[depth * u.m + i]; }
  return a[i * u.k + depth];
}

fn b_scalar(depth: u32, col: u32) -> f32 {
  let j = min(col, u.n - 1u);
  var i = depth * u.n + j;
  if (B_BY_COLUMN) { i = j * u.k + depth; }
  return weight_value(b[weight_word(i)], b[weight_scale_word(i)], i);
}

fn store_scalars(sums: mat4x4<f32>, row: u32, col: u32, part: u32) {
  var tile = sums;
  let last_row = min(row + 4u, u.m);
  let last_col = min(col + 4u, u.n);
  for (var i = row; i < last_row; i++) {
    for (var j = col; j < last_col; j++) { store(tile[i - row][j - col], (part * u.m + i) * u.n + j, j); }
  }
}

@compute @workgroup_size(64)
fn quads(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, lane, 4u);
  if (tile.row >= u.m || tile.col >= u.n) { return; }
  var sums = mat4x4<f32>();
  var depth = tile.start;
  for (; depth + 4u <= tile.end; depth += 4u) {
    sums += b_tile_quads(depth, tile.col) * a_tile_quads(tile.row, depth);
  }
  if (A_BY_DEPTH) {
    for (; depth < tile.end; depth++) { sums += depth_share(depth, tile.row, tile.col); }
  }
  store_quads(sums, tile.row, tile.col, group.z);
}

@compute @workgroup_size(64)
fn wide_quads(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, lane, 8u);
  if (tile.row >= u.m || tile.col >= u.n) { return; }
  var sums = mat4x4<f32>();
  var right = mat4x4<f32>();
  var below = mat4x4<f32>();
  var corner = mat4x4<f32>();
  var depth = tile.start;
  for (; depth + 4u <= tile.end; depth += 4u) {
    let a_top = a_tile_quads(tile.row, depth);
    let a_low = a_tile_quads(tile.row + 4u, depth);
    let b_left = b_tile_quads(depth, tile.col);
    let b_right = b_tile_quads(depth, tile.col + 4u);
    sums += b_left * a_top;
    right += b_right * a_top;
    below += b_left * a_low;
    corner += b_right * a_low;
  }
  if (A_BY_DEPTH) {
    for (; depth < tile.end; depth++) {
      sums += depth_share(depth, tile.row, tile.col);
      right += depth_share(depth, tile.row, tile.col + 4u);
      below += depth_share(depth, tile.row + 4u, tile.col);
      corner += depth_share(depth, tile.row + 4u, tile.col + 4u);
    }
  }
  store_quads(sums, tile.row, tile.col, group.z);
  store_quads(right, tile.row, tile.col + 4u, group.z);
  store_quads(below, tile.row + 4u, tile.col, group.z);
  store_quads(corner, tile.row + 4u, tile.col + 4u, group.z);
}

@compute @workgroup_size(64)
fn row_quads(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, lane, 4u);
  if (tile.col >= u.n) { return; }
  var sums = vec4<f32>();
  for (var depth = tile.start; depth < tile.end; depth += 4u) {
    sums += b_tile_quads(depth, tile.col) * a_quads[depth >> 2u];
  }
  finish_quad(sums, (group.z * u.n + tile.col) >> 2u, tile.col);
}

@compute @workgroup_size(64)
fn scalars(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, lane, 4u);
  if (tile.row >= u.m || tile.col >= u.n) { return; }
  var sums = mat4x4<f32>();
  for (var depth = tile.start; depth < tile.end; depth++) {
    let right = vec4<f32>(
      b_scalar(depth, tile.col), b_scalar(depth, tile.col + 1u), b_scalar(depth, tile.col + 2u), b_scalar(depth, tile.col + 3u));
    sums += mat4x4<f32>(
      a_scalar(tile.row, depth) * right, a_scalar(tile.row + 1u, depth) * right,
      a_scalar(tile.row + 2u, depth) * right, a_scalar(tile.row + 3u, depth) * right);
  }
  store_scalars(sums, tile.row, tile.col, group.z);
}
