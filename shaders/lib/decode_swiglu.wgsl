// The first half of a gated MLP on few rows (Shazeer 2020):  out[r, j] = silu(gate) * up,
//   gate = n(x[r]) . G[j] + s_g h_g[r] . B_g[j],  up = n(x[r]) . U[j] + s_u h_u[r] . B_u[j]
// n is the RMS norm with weight `norm`; silu(v) = v / (1 + exp(-v)). h = n(x) A^T are the low-rank products of the adapters, h_g and h_u side
// by side; without an adapter its rank is 0. A group makes two columns of both.
//! include three_weights
struct Uniforms {
  rows: u32, depth: u32, stride: u32, groups: u32, n: u32, gate_rank: u32, up_rank: u32, gate_scale: f32, up_scale: f32, eps: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
// G is weight_0, U is weight_1.
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;          // [rows, stride]
@group(0) @binding(5) var<storage, read> norm: array<vec4<f32>>;       // [depth / 4]
@group(0) @binding(6) var<storage, read> low_rank: array<f32>;         // [rows, gate_rank + up_rank]
@group(0) @binding(7) var<storage, read> gate_b: array<f32>;           // [n, gate_rank]
@group(0) @binding(8) var<storage, read> up_b: array<f32>;             // [n, up_rank]
@group(0) @binding(9) var<storage, read_write> out: array<f32>;        // [rows, n]

fn group_columns(group: u32) -> Columns {
  let starts = row_starts(2u * group, u.n);
  return Columns(0u, starts.xyxy);
}

fn weight_columns(columns: Columns, depth: u32) -> mat4x4<f32> {
  let at = columns.starts + depth;
  return scaled(mat4x4<f32>(quad_0(at.x), quad_0(at.y), quad_1(at.z), quad_1(at.w)), norm[depth >> 2u]);
}

// First those of the gate's adapter, then those of the other.
fn low_rank_terms() -> u32 { return u.gate_rank + u.up_rank; }

fn low_rank_weights(group: u32, term: u32) -> vec4<f32> {
  let columns = min(2u * group + vec2<u32>(0u, 1u), vec2<u32>(u.n - 1u));
  if (term < u.gate_rank) {
    let i = columns * u.gate_rank + term;
    return u.gate_scale * vec4<f32>(gate_b[i.x], gate_b[i.y], 0.0, 0.0);
  }
  let i = columns * u.up_rank + term - u.gate_rank;
  return u.up_scale * vec4<f32>(0.0, 0.0, up_b[i.x], up_b[i.y]);
}

fn low_rank_input(row: u32, term: u32) -> f32 { return low_rank[row * low_rank_terms() + term]; }

fn finish(row: u32, group: u32, sums: vec4<f32>) {
  if (row >= u.rows || group >= u.groups) { return; }
  let end = min(2u, u.n - 2u * group);
  for (var c = 0u; c < end; c++) {
    let gate = sums[c];
    // exp cannot overflow: silu(-80) is 0 in f32.
    out[row * u.n + 2u * group + c] = gate / (1.0 + exp(-clamp(gate, -80.0, 80.0))) * sums[c + 2u];
  }
}
