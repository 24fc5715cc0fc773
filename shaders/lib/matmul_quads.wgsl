// Matmul by four values a load: what the variants of matmul/ share, with their uniforms and bindings.
// n and the contiguous extents of A and B are divisible by 4 where these are used.
//! include weight_quad
const B_WORDS = select(2u, 4u, WEIGHT_FORMAT == 0u);
struct Uniforms {
  m: u32, n: u32, k: u32,
  depth: u32,          // depths per workgroup along z (a multiple of 4); c holds one [m, n] per z
  thread_cols: u32,    // a workgroup is 64 / thread_cols by thread_cols tiles
  rows_first: u32,     // by subgroups: neighbouring workgroups take neighbouring rows, not columns
  splits: u32,
  alpha: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> a_quads: array<vec4<f32>>;        // A [m, k], or [k, m] where A_BY_DEPTH
@group(0) @binding(2) var<storage, read> b_loads: array<B_LOAD>;           // B [k, n], or [n, k] where B_BY_COLUMN, in WEIGHT_FORMAT
@group(0) @binding(3) var<storage, read> bias_quads: array<vec4<f32>>;     // [n], unread unless WITH_BIAS
@group(0) @binding(4) var<storage, read_write> c_quads: array<vec4<f32>>;  // [splits, m, n]
@group(0) @binding(6) var<storage, read> addend_quads: array<vec4<f32>>;   // [m, n], unread unless WITH_ADDEND
@group(0) @binding(7) var<storage, read> gate_quads: array<vec4<f32>>;     // [m, n], unread unless WITH_GATE

fn a_quad(row: u32, col: u32, stride: u32) -> vec4<f32> { return a_quads[(row * stride + col) >> 2u]; }

// Four values of B as they lie in memory, or as f32 where they are quantised. B_LOAD is vec4<u32>, four values, for f32, and vec2<u32> for
// the formats that have four values (or more) in two words.
fn b_words(row: u32, col: u32, stride: u32) -> vec4<u32> {
  let i = row * stride + col;
  if (WEIGHT_FORMAT <= 2u) {
    let words = b_loads[i >> 2u];
    return vec4<u32>(words[0], words[1], words[B_WORDS - 2u], words[B_WORDS - 1u]);
  }
  return bitcast<vec4<u32>>(weight_quad_blocks(b_loads[weight_word(i) >> 1u].xy, b_loads[weight_scale_word(i) >> 1u].xy, i));
}

fn b_widened(words: vec4<u32>) -> vec4<f32> {
  if (WEIGHT_FORMAT == 1u || WEIGHT_FORMAT == 2u) { return weight_quad_16(words.xy); }
  return bitcast<vec4<f32>>(words);
}

fn b_quad(row: u32, col: u32, stride: u32) -> vec4<f32> { return b_widened(b_words(row, col, stride)); }

// m[l][j] = B[depth + l, col + j] of four depths that exist. Columns beyond n repeat the last.
fn b_tile_quads(depth: u32, col: u32) -> mat4x4<f32> {
  if (B_BY_COLUMN) {
    let last = u.n - 1u;
    return transpose(mat4x4<f32>(
      b_quad(min(col, last), depth, u.k),
      b_quad(min(col + 1u, last), depth, u.k),
      b_quad(min(col + 2u, last), depth, u.k),
      b_quad(min(col + 3u, last), depth, u.k)));
  }
  let first = min(col, u.n - 4u);
  return mat4x4<f32>(
    b_quad(depth, first, u.n),
    b_quad(depth + 1u, first, u.n),
    b_quad(depth + 2u, first, u.n),
    b_quad(depth + 3u, first, u.n));
}

// silu(v) = v / (1 + exp(-v)); exp cannot overflow.
fn silu(v: vec4<f32>) -> vec4<f32> {
  return v * (1.0 / (1.0 + exp(-clamp(v, vec4<f32>(-80.0), vec4<f32>(80.0)))));
}

// The epilogue of four outputs from column `col` on, stored in c_quads[at]. What is added is known when the shader is compiled: a
// processor without branches would compute the rest for nothing.
fn finish_quad(sums: vec4<f32>, at: u32, col: u32) {
  var value = u.alpha * sums;
  if (WITH_BIAS) { value += bias_quads[col >> 2u]; }
  if (WITH_ADDEND) { value += addend_quads[at]; }
  if (ACCUMULATE) { value += c_quads[at]; }
  if (WITH_GATE) { value *= silu(gate_quads[at]); }
  c_quads[at] = value;
}

// The 4x4 tile at (row, col), its row i in m[i]. The loops index a copy, so that the accumulators stay in registers; they
// end at the matrix's edge, which also keeps compilers from unrolling them into long code.
fn store_quads(sums: mat4x4<f32>, row: u32, col: u32, part: u32) {
  if (col >= u.n) { return; }
  var tile = sums;
  let end = min(row + 4u, u.m);
  for (var i = row; i < end; i++) {
    finish_quad(tile[i - row], ((part * u.m + i) * u.n + col) >> 2u, col);
  }
}
