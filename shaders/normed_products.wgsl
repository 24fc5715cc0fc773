// Products of normed rows with weights that lie side by side, by subgroups; for forward passes where a dispatch costs as much as its work.
//   n = x * norm / sqrt(mean(x^2) + eps): the root is a factor of the whole sum, so that one walk over x gives both
//   heads   q = turn(n Wqᵀ + bq),  k = turn(n Wkᵀ + bk),  v = n Wvᵀ + bv      turn as in rope, by the angles of each row
//   gated   y = silu(n Wgᵀ) * (n Wuᵀ)                                        n = x without NORM: every tile of columns would norm again
// A workgroup is one subgroup of LANES >= 8 threads and makes 16 rows by 4 * LANES columns of one weight's product (of both, in gated):
// its threads read different rows of x and hand them round by broadcasts, as in matmul_subgroups. In q and k the half of
// the threads has columns of heads' first halves and the other half those that turn with them.
// depth and the widths are divisible by 4. Tiles of sums: m[i] = row i over four columns.
enable subgroups;
//! include multiply_add
//! include weight_quad
const LOADS = max(16u / LANES, 1u);            // loads of x that give all rows four depths
const LANE_8 = 8u % LANES;                     // that has row 8 of its load
const B_WORDS = select(2u, 4u, WEIGHT_FORMAT == 0u);
const HALF_LANES = LANES / 2u;
struct Uniforms {
  rows: u32, depth: u32,
  rows_first: u32,        // neighbouring workgroups take neighbouring rows, not columns
  eps: f32,
  width: u32,             // of q, or of y
  kv_width: u32,          // of k and of v
  half_width: u32,        // of a head; divisible by 4
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;                  // [rows, depth]
@group(0) @binding(2) var<uniform> norm: array<vec4<f32>, DEPTH_QUADS>;        // [depth]
@group(0) @binding(3) var<storage, read> weight_0: array<B_LOAD>;              // [width, depth] in WEIGHT_FORMAT: Wq, or Wg
@group(0) @binding(4) var<storage, read> weight_1: array<B_LOAD>;              // [kv_width, depth]: Wk; [width, depth]: Wu
@group(0) @binding(5) var<storage, read> weight_2: array<B_LOAD>;              // [kv_width, depth]: Wv
@group(0) @binding(6) var<uniform> bias_q: array<vec4<f32>, WIDTH_QUADS>;      // [width]
@group(0) @binding(7) var<uniform> bias_k: array<vec4<f32>, KV_QUADS>;         // [kv_width]
@group(0) @binding(8) var<uniform> bias_v: array<vec4<f32>, KV_QUADS>;         // [kv_width]
@group(0) @binding(9) var<storage, read> angles: array<vec4<f32>>;             // [rows, cosines half_width and sines half_width]
@group(0) @binding(10) var<storage, read_write> q: array<vec4<f32>>;           // [rows, width]
@group(0) @binding(11) var<storage, read_write> k: array<vec4<f32>>;           // [rows, kv_width]
@group(0) @binding(12) var<storage, read_write> v: array<vec4<f32>>;           // [rows, kv_width]
@group(0) @binding(13) var<storage, read_write> y: array<vec4<f32>>;           // [rows, width]

// Sixteen rows of four columns; and squares of this thread's row of x and of the one eight below, a sum for each depth of four.
struct Sums {
  rows_0: mat4x4<f32>, rows_4: mat4x4<f32>, rows_8: mat4x4<f32>, rows_12: mat4x4<f32>,
  squares_0: vec4<f32>, squares_8: vec4<f32>,
}

// Tile of rows and of columns.
fn tile_of(group: vec3<u32>) -> vec2<u32> { return select(group.yx, group.xy, u.rows_first != 0u); }

// B_LOAD is vec4<u32>, four values, for f32, and vec2<u32> for the formats that have four values (or more) in two words.
fn weight_quad(weight: ptr<storage, array<B_LOAD>, read>, i: u32) -> vec4<f32> {
  if (WEIGHT_FORMAT == 0u) {
    let words = (*weight)[i >> 2u];
    return bitcast<vec4<f32>>(vec4<u32>(words[0], words[1], words[B_WORDS - 2u], words[B_WORDS - 1u]));
  }
  if (WEIGHT_FORMAT <= 2u) { return weight_quad_16((*weight)[i >> 2u].xy); }
  return weight_quad_blocks((*weight)[weight_word(i) >> 1u].xy, (*weight)[weight_scale_word(i) >> 1u].xy, i);
}

fn scaled_rows(m: mat4x4<f32>, factor: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(m[0] * factor[0], m[1] * factor[1], m[2] * factor[2], m[3] * factor[3]);
}

fn added_rows(m: mat4x4<f32>, b: mat4x4<f32>, a_0: vec4<f32>, a_1: vec4<f32>, a_2: vec4<f32>, a_3: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(multiply_added(m[0], a_0, b), multiply_added(m[1], a_1, b), multiply_added(m[2], a_2, b), multiply_added(m[3], a_3, b));
}

fn root_of(squares: vec4<f32>) -> f32 { return inverseSqrt(dot(squares, vec4<f32>(1.0)) / f32(u.depth) + u.eps); }

// Four depths of this thread's row. Rows beyond the last repeat it.
fn x_quad(row: u32, depth: u32) -> vec4<f32> { return x[(min(row, u.rows - 1u) * u.depth + depth) >> 2u]; }

// Sixteen rows from `row` on with the norm's factors, times the columns `col` .. `col` + 3 of this thread, which exist.
fn multiply(weight: ptr<storage, array<B_LOAD>, read>, row: u32, col: u32, lane: u32) -> Sums {
  var sums: Sums;
  let start = col * u.depth;
  let has_lower = row + 8u < u.rows;   // the last tile may have eight rows or fewer
  for (var depth = 0u; depth < u.depth; depth += 4u) {
    let factor = norm[depth >> 2u];
    let x_0 = x_quad(row + lane % 16u, depth);
    if (NORM) { sums.squares_0 = fma(x_0, x_0, sums.squares_0); }
    let a_0 = select(x_0, x_0 * factor, NORM);
    let b = transpose(mat4x4<f32>(
      weight_quad(weight, start + depth),
      weight_quad(weight, start + u.depth + depth),
      weight_quad(weight, start + 2u * u.depth + depth),
      weight_quad(weight, start + 3u * u.depth + depth)));
    sums.rows_0 = added_rows(sums.rows_0, b,
      subgroupBroadcast(a_0, 0u), subgroupBroadcast(a_0, 1u), subgroupBroadcast(a_0, 2u), subgroupBroadcast(a_0, 3u));
    sums.rows_4 = added_rows(sums.rows_4, b,
      subgroupBroadcast(a_0, 4u), subgroupBroadcast(a_0, 5u), subgroupBroadcast(a_0, 6u), subgroupBroadcast(a_0, 7u));
    if (has_lower) {
      var a_8 = a_0;
      if (LOADS > 1u) {
        let x_8 = x_quad(row + 8u + lane, depth);
        if (NORM) { sums.squares_8 = fma(x_8, x_8, sums.squares_8); }
        a_8 = select(x_8, x_8 * factor, NORM);
      }
      sums.rows_8 = added_rows(sums.rows_8, b,
        subgroupBroadcast(a_8, LANE_8), subgroupBroadcast(a_8, LANE_8 + 1u),
        subgroupBroadcast(a_8, LANE_8 + 2u), subgroupBroadcast(a_8, LANE_8 + 3u));
      sums.rows_12 = added_rows(sums.rows_12, b,
        subgroupBroadcast(a_8, LANE_8 + 4u), subgroupBroadcast(a_8, LANE_8 + 5u),
        subgroupBroadcast(a_8, LANE_8 + 6u), subgroupBroadcast(a_8, LANE_8 + 7u));
    }
  }
  return sums;
}

// The sums of rows 0, 4, 8 and 12 on, with the norm's roots, which another product of the same rows may know.
fn normed(sums: Sums, squares: Sums) -> array<mat4x4<f32>, 4> {
  if (!NORM) { return array<mat4x4<f32>, 4>(sums.rows_0, sums.rows_4, sums.rows_8, sums.rows_12); }
  let root_0 = root_of(squares.squares_0);
  let root_8 = select(root_0, root_of(squares.squares_8), LOADS > 1u);
  return array<mat4x4<f32>, 4>(
    scaled_rows(sums.rows_0, vec4<f32>(
      subgroupBroadcast(root_0, 0u), subgroupBroadcast(root_0, 1u), subgroupBroadcast(root_0, 2u), subgroupBroadcast(root_0, 3u))),
    scaled_rows(sums.rows_4, vec4<f32>(
      subgroupBroadcast(root_0, 4u), subgroupBroadcast(root_0, 5u), subgroupBroadcast(root_0, 6u), subgroupBroadcast(root_0, 7u))),
    scaled_rows(sums.rows_8, vec4<f32>(
      subgroupBroadcast(root_8, LANE_8), subgroupBroadcast(root_8, LANE_8 + 1u),
      subgroupBroadcast(root_8, LANE_8 + 2u), subgroupBroadcast(root_8, LANE_8 + 3u))),
    scaled_rows(sums.rows_12, vec4<f32>(
      subgroupBroadcast(root_8, LANE_8 + 4u), subgroupBroadcast(root_8, LANE_8 + 5u),
      subgroupBroadcast(root_8, LANE_8 + 6u), subgroupBroadcast(root_8, LANE_8 + 7u))));
}

// Four columns of heads, and how they turn.
struct Turn {
  col: u32,
  quad: u32,     // which four angles of a row
  sign: f32,     // of the sine: -1 in the first half of a head, 1 in the second
}

fn turn_of(tile: u32, lane: u32) -> Turn {
  let quads = u.half_width >> 2u;
  let pair = tile * HALF_LANES + lane % HALF_LANES;
  let is_second = lane >= HALF_LANES;
  let col = 4u * (pair / quads * 2u * quads + pair % quads) + select(0u, u.half_width, is_second);
  return Turn(col, pair % quads, select(-1.0, 1.0, is_second));
}

// The rows of a tile that exist, turned; `width` is that of `out`.
fn store_turned(sums: mat4x4<f32>, row: u32, turn: Turn, bias: vec4<f32>, width: u32, out: ptr<storage, array<vec4<f32>>, read_write>) {
  var tile = sums;
  let end = min(row + 4u, u.rows);
  for (var i = row; i < end; i++) {
    let value = tile[i - row] + bias;
    let partner = subgroupShuffleXor(value, HALF_LANES);
    let at = i * (u.half_width >> 1u) + turn.quad;
    if (turn.col < width) {
      (*out)[(i * width + turn.col) >> 2u] = value * angles[at] + turn.sign * partner * angles[at + (u.half_width >> 2u)];
    }
  }
}

fn store_value(sums: mat4x4<f32>, row: u32, col: u32, bias: vec4<f32>) {
  var tile = sums;
  let end = min(row + 4u, u.rows);
  for (var i = row; i < end; i++) { v[(i * u.kv_width + col) >> 2u] = tile[i - row] + bias; }
}

@compute @workgroup_size(LANES)
fn heads(@builtin(workgroup_id) group: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let tile = tile_of(group);
  let row = 16u * tile.x;
  let q_tiles = (u.width + 4u * LANES - 1u) / (4u * LANES);
  let kv_tiles = (u.kv_width + 4u * LANES - 1u) / (4u * LANES);
  if (tile.y < q_tiles) {
    let turn = turn_of(tile.y, lane);
    let col = min(turn.col, u.width - 4u);
    let own = multiply(&weight_0, row, col, lane);
    let sums = normed(own, own);
    let bias = bias_q[col >> 2u];
    store_turned(sums[0], row, turn, bias, u.width, &q);
    store_turned(sums[1], row + 4u, turn, bias, u.width, &q);
    store_turned(sums[2], row + 8u, turn, bias, u.width, &q);
    store_turned(sums[3], row + 12u, turn, bias, u.width, &q);
  } else if (tile.y < q_tiles + kv_tiles) {
    let turn = turn_of(tile.y - q_tiles, lane);
    let col = min(turn.col, u.kv_width - 4u);
    let own = multiply(&weight_1, row, col, lane);
    let sums = normed(own, own);
    let bias = bias_k[col >> 2u];
    store_turned(sums[0], row, turn, bias, u.kv_width, &k);
    store_turned(sums[1], row + 4u, turn, bias, u.kv_width, &k);
    store_turned(sums[2], row + 8u, turn, bias, u.kv_width, &k);
    store_turned(sums[3], row + 12u, turn, bias, u.kv_width, &k);
  } else {
    let col = 4u * ((tile.y - q_tiles - kv_tiles) * LANES + lane);
    let held = min(col, u.kv_width - 4u);
    let own = multiply(&weight_2, row, held, lane);
    let sums = normed(own, own);
    if (col >= u.kv_width) { return; }
    let bias = bias_v[held >> 2u];
    store_value(sums[0], row, col, bias);
    store_value(sums[1], row + 4u, col, bias);
    store_value(sums[2], row + 8u, col, bias);
    store_value(sums[3], row + 12u, col, bias);
  }
}

// silu(v) = v / (1 + exp(-v)); exp cannot overflow.
fn silu(v: vec4<f32>) -> vec4<f32> {
  return v * (1.0 / (1.0 + exp(-clamp(v, vec4<f32>(-80.0), vec4<f32>(80.0)))));
}

fn store_gated(gates: mat4x4<f32>, ups: mat4x4<f32>, row: u32, col: u32) {
  var gate_tile = gates;
  var up_tile = ups;
  let end = min(row + 4u, u.rows);
  for (var i = row; i < end; i++) { y[(i * u.width + col) >> 2u] = silu(gate_tile[i - row]) * up_tile[i - row]; }
}

@compute @workgroup_size(LANES)
fn gated(@builtin(workgroup_id) group: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let tile = tile_of(group);
  let row = 16u * tile.x;
  let col = 4u * (tile.y * LANES + lane);
  let held = min(col, u.width - 4u);
  let gate_sums = multiply(&weight_0, row, held, lane);
  let gates = normed(gate_sums, gate_sums);
  let ups = normed(multiply(&weight_1, row, held, lane), gate_sums);
  if (col >= u.width) { return; }
  store_gated(gates[0], ups[0], row, col);
  store_gated(gates[1], ups[1], row + 4u, col);
  store_gated(gates[2], ups[2], row + 8u, col);
  store_gated(gates[3], ups[3], row + 12u, col);
}
