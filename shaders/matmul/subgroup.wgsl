// Matmul by subgroups.  c[i,j] (+)= alpha * sum over l of A[i,l] * B[l,j]  (+ bias[j])  (+ addend[i,j])  (* silu(gate[i,j])): layouts, formats and variants as in matmul/thread.
// A workgroup is one subgroup of LANES threads and makes ROWS rows by 4 * QUADS * LANES columns of c. Its threads read different
// rows (or depths) of A and broadcast them, so that a value of A is loaded once a subgroup; each reads its own columns of B.
//   by_rows    A lies as [m, k]: four depths a step
//   by_depths  A lies as [k, m]: DEPTHS depths a step; any k
// Extents are as for quads of matmul/thread. Tiles of c: m[i] = row i over four columns.
enable subgroups;
//! include matmul_quads
const LOADS = max(ROWS / LANES, 1u);           // loads of A that give all rows four depths
const DEPTHS = clamp(LANES / 4u, 1u, 2u);      // depths that one load of A by depth gives 16 rows
// Where rows 4, 8 and 12 are: in which load, and from which lane on.
const LOAD_4 = 4u / LANES;
const LOAD_8 = 8u / LANES;
const LOAD_12 = 12u / LANES;
const LANE_4 = 4u % LANES;
const LANE_8 = 8u % LANES;
const LANE_12 = 12u % LANES;

// One past the last depth of a workgroup. Apart from what depends on the thread: loops around broadcasts must be uniform.
fn end_of(group: vec3<u32>) -> u32 { return min((group.z + 1u) * u.depth, u.k); }

// Tile of columns and of rows. What neighbours both read stays in caches; the smaller factor is the one they read anew.
fn tile_of(group: vec3<u32>) -> vec2<u32> { return select(group.xy, group.yx, u.rows_first != 0u); }

fn col_of(tile: u32, lane: u32) -> u32 { return 4u * QUADS * (tile * LANES + lane); }

// Four depths of one row of A: of row `first` + lane. Rows beyond m repeat the last.
fn a_of_lane(first: u32, lane: u32, depth: u32) -> vec4<f32> {
  return a_quad(min(first + lane % ROWS, u.m - 1u), depth, u.k);
}

// All tiles of a thread: sixteen rows over four columns, and over the next four. One loop for all, since compilers copy the
// epilogue to each place that calls it, and then compile it for longer than the loop over depths. Its length is known when it is
// compiled: a GPU's compiler unrolls it, and the tiles stay in registers.
fn store_tiles(left: array<mat4x4<f32>, 4>, right: array<mat4x4<f32>, 4>, row: u32, col: u32, part: u32) {
  var tiles = array<array<mat4x4<f32>, 4>, 2>(left, right);
  for (var quad = 0u; quad < QUADS; quad++) {
    let first = col + 4u * quad;
    for (var i = 0u; i < ROWS; i++) {
      if (row + i >= u.m || first >= u.n) { continue; }
      finish_quad(tiles[quad][i / 4u][i % 4u], ((part * u.m + row + i) * u.n + first) >> 2u, first);
    }
  }
}

@compute @workgroup_size(LANES)
fn by_rows(@builtin(workgroup_id) group: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let tile = tile_of(group);
  let row = ROWS * tile.y;
  let col = col_of(tile.x, lane);
  let end = end_of(group);
  let has_lower = ROWS > 8u && row + 8u < u.m;   // the last tile may have eight rows or fewer
  var sums_0 = mat4x4<f32>();
  var sums_4 = mat4x4<f32>();
  var sums_8 = mat4x4<f32>();
  var sums_12 = mat4x4<f32>();
  var right_0 = mat4x4<f32>();
  var right_4 = mat4x4<f32>();
  var right_8 = mat4x4<f32>();
  var right_12 = mat4x4<f32>();
  for (var depth = group.z * u.depth; depth < end; depth += 4u) {
    let a_0 = a_of_lane(row, lane, depth);
    var a_1 = a_0;
    var a_2 = a_0;
    var a_3 = a_0;
    if (LOADS > 1u) { a_1 = a_of_lane(row + LANES, lane, depth); }
    if (LOADS > 2u) {
      a_2 = a_of_lane(row + 2u * LANES, lane, depth);
      a_3 = a_of_lane(row + 3u * LANES, lane, depth);
    }
    let loads = array<vec4<f32>, 4>(a_0, a_1, a_2, a_3);
    let a_4 = loads[LOAD_4];
    let rows_0 = mat4x4<f32>(
      subgroupBroadcast(a_0, 0u), subgroupBroadcast(a_0, 1u), subgroupBroadcast(a_0, 2u), subgroupBroadcast(a_0, 3u));
    let rows_4 = mat4x4<f32>(
      subgroupBroadcast(a_4, LANE_4), subgroupBroadcast(a_4, LANE_4 + 1u),
      subgroupBroadcast(a_4, LANE_4 + 2u), subgroupBroadcast(a_4, LANE_4 + 3u));
    let b_left = b_tile_quads(depth, col);
    sums_0 += b_left * rows_0;
    sums_4 += b_left * rows_4;
    var b_right = b_left;
    if (QUADS > 1u) {
      b_right = b_tile_quads(depth, col + 4u);
      right_0 += b_right * rows_0;
      right_4 += b_right * rows_4;
    }
    if (has_lower) {
      let a_8 = loads[LOAD_8];
      let a_12 = loads[LOAD_12];
      let rows_8 = mat4x4<f32>(
        subgroupBroadcast(a_8, LANE_8), subgroupBroadcast(a_8, LANE_8 + 1u),
        subgroupBroadcast(a_8, LANE_8 + 2u), subgroupBroadcast(a_8, LANE_8 + 3u));
      let rows_12 = mat4x4<f32>(
        subgroupBroadcast(a_12, LANE_12), subgroupBroadcast(a_12, LANE_12 + 1u),
        subgroupBroadcast(a_12, LANE_12 + 2u), subgroupBroadcast(a_12, LANE_12 + 3u));
      sums_8 += b_left * rows_8;
      sums_12 += b_left * rows_12;
      if (QUADS > 1u) {
        right_8 += b_right * rows_8;
        right_12 += b_right * rows_12;
      }
    }
  }
  let left = array<mat4x4<f32>, 4>(sums_0, sums_4, sums_8, sums_12);
  let right = array<mat4x4<f32>, 4>(right_0, right_4, right_8, right_12);
  store_tiles(left, right, row, col, group.z);
}

// m[i] = a[i] * b: the product of four rows and four columns at a single depth.
fn outer(a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> { return mat4x4<f32>(a.x * b, a.y * b, a.z * b, a.w * b); }

// Four columns of B at a depth. Columns beyond n repeat the last ones, depths beyond k the last: A is 0 there.
fn b_of_depth(depth: u32, col: u32) -> vec4<f32> { return b_quad(min(depth, u.k - 1u), min(col, u.n - 4u), u.n); }

@compute @workgroup_size(LANES)
fn by_depths(@builtin(workgroup_id) group: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let tile = tile_of(group);
  let row = 16u * tile.y;
  let col = col_of(tile.x, lane);
  let end = end_of(group);
  // Lane l reads four rows, from row + 4 * (l % 4) on, at depth l / 4 of a step.
  let own_row = min(row + 4u * (lane % 4u), u.m - 4u);
  let own_depth = (lane / 4u) % DEPTHS;
  var sums_0 = mat4x4<f32>();
  var sums_4 = mat4x4<f32>();
  var sums_8 = mat4x4<f32>();
  var sums_12 = mat4x4<f32>();
  var right_0 = mat4x4<f32>();
  var right_4 = mat4x4<f32>();
  var right_8 = mat4x4<f32>();
  var right_12 = mat4x4<f32>();
  for (var depth = group.z * u.depth; depth < end; depth += DEPTHS) {
    let own = depth + own_depth;
    let a = select(vec4<f32>(), a_quad(min(own, u.k - 1u), own_row, u.m), own < end);
    var b_0 = b_of_depth(depth, col);
    let a_0 = subgroupBroadcast(a, 0u);
    let a_4 = subgroupBroadcast(a, 1u);
    let a_8 = subgroupBroadcast(a, 2u);
    let a_12 = subgroupBroadcast(a, 3u);
    sums_0 += outer(a_0, b_0);
    sums_4 += outer(a_4, b_0);
    sums_8 += outer(a_8, b_0);
    sums_12 += outer(a_12, b_0);
    if (QUADS > 1u) {
      let b_4 = b_of_depth(depth, col + 4u);
      right_0 += outer(a_0, b_4);
      right_4 += outer(a_4, b_4);
      right_8 += outer(a_8, b_4);
      right_12 += outer(a_12, b_4);
    }
    if (DEPTHS > 1u) {
      let next_b_0 = b_of_depth(depth + 1u, col);
      let next_0 = subgroupBroadcast(a, 4u);
      let next_4 = subgroupBroadcast(a, 5u);
      let next_8 = subgroupBroadcast(a, 6u);
      let next_12 = subgroupBroadcast(a, 7u);
      sums_0 += outer(next_0, next_b_0);
      sums_4 += outer(next_4, next_b_0);
      sums_8 += outer(next_8, next_b_0);
      sums_12 += outer(next_12, next_b_0);
      if (QUADS > 1u) {
        let next_b_4 = b_of_depth(depth + 1u, col + 4u);
        right_0 += outer(next_0, next_b_4);
        right_4 += outer(next_4, next_b_4);
        right_8 += outer(next_8, next_b_4);
        right_12 += outer(next_12, next_b_4);
      }
    }
  }
  let left = array<mat4x4<f32>, 4>(sums_0, sums_4, sums_8, sums_12);
  let right = array<mat4x4<f32>, 4>(right_0, right_4, right_8, right_12);
  store_tiles(left, right, row, col, group.z);
}
