// A linear layer on few rows, added to the residual stream:  out[r, j] += x[r] . W[j] + scale h[r] . B[j].
// h = x A^T is the low-rank product of the adapter, the sum of `parts` that lie `part_step` apart; without an adapter its rank is 0.
//! include three_weights
struct Uniforms {
  rows: u32, depth: u32, stride: u32, groups: u32, n: u32,
  rank: u32, first: u32, parts: u32, part_step: u32, h_stride: u32, scale: f32, eps: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
// W is weight_0.
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;          // [rows, stride], of which depth / 4 are read
@group(0) @binding(5) var<storage, read> low_rank: array<f32>;         // [rows, h_stride], the parts from `first` on
@group(0) @binding(6) var<storage, read> b: array<f32>;                // [n, rank]
@group(0) @binding(7) var<storage, read_write> out: array<f32>;        // [rows, n]

fn group_columns(group: u32) -> Columns { return Columns(0u, row_starts(4u * group, u.n)); }

fn weight_columns(columns: Columns, depth: u32) -> mat4x4<f32> { return quads_0(columns.starts + depth); }

// A term for each product of the adapter, and where they are spread over threads for each of its parts.
fn low_rank_terms() -> u32 { return select(u.rank, u.rank * u.parts, SPREAD_TERMS); }

fn low_rank_weights(group: u32, term: u32) -> vec4<f32> {
  let columns = min(4u * group + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(u.n - 1u));
  let i = columns * u.rank + term % u.rank;
  return u.scale * vec4<f32>(b[i.x], b[i.y], b[i.z], b[i.w]);
}

fn low_rank_input(row: u32, term: u32) -> f32 {
  let at = row * u.h_stride + u.first + term % u.rank;
  if (SPREAD_TERMS) { return low_rank[at + term / u.rank * u.part_step]; }
  var sum = 0.0;
  for (var part = 0u; part < u.parts; part++) { sum += low_rank[at + part * u.part_step]; }
  return sum;
}

fn finish(row: u32, group: u32, sums: vec4<f32>) {
  if (row >= u.rows || group >= u.groups) { return; }
  let end = min(4u, u.n - 4u * group);
  for (var c = 0u; c < end; c++) { out[row * u.n + 4u * group + c] += sums[c]; }
}
