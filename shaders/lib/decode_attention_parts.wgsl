// Attention of one new token a row (decode slot) over the KV cache: formulas, uniforms, bindings and what is made of the token, for the variants of
// decode_attention/.
//   q = scale * rotate(query),  k = rotate(key),  v = value + value_bias, if biased, of the row's new token; k and v go to slot spans[row].w - 1
// Query, key and value each get  s_p h_p . B_p  of an adapter first; h_p lie behind them in qkv. Where the linear layer that follows has an
// adapter, its low-rank product A_o . out is left behind `out`, a part for each head. Without an adapter the rank is 0.
//   out = sum over the keys it sees of softmax(q . key) value:  [spans.x, spans.y) and [spans.z, spans.w), the last of which is its own
// rotate: rotary positions (Su et al. 2021, arXiv 2104.09864), half-split, by the row's angles:
//   y[i] = x[i] cos[i] - x[i + h] sin[i],  y[i + h] = x[i + h] cos[i] + x[i] sin[i],  h half a head
struct Uniforms {
  rows: u32, heads: u32, kv_heads: u32, vecs: u32, scale: f32,
  stride: u32,                              // vec4 from row to row of qkv
  biased: u32,                              // 0: values have no bias
  out_stride: u32,                          // and of out
  q_rank: u32, k_rank: u32, v_rank: u32, o_rank: u32,
  q_b: u32, k_b: u32, v_b: u32, o_a: u32,   // where the matrices begin in `adapters`
  q_scale: f32, k_scale: f32, v_scale: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<f32>>;               // [rows, stride]: heads + 2 kv_heads of vecs each, then h_q, h_k, h_v
@group(0) @binding(2) var<storage, read> value_bias: array<vec4<f32>>;        // [kv_heads, vecs], unread without biased
@group(0) @binding(3) var<storage, read> angles: array<vec4<f32>>;            // [rows, 2, vecs / 2] cosines, then sines
@group(0) @binding(4) var<storage, read> spans: array<vec4<u32>>;             // [rows]
@group(0) @binding(5) var<storage, read_write> keys: array<vec4<f32>>;        // [slots, kv_heads, vecs]
@group(0) @binding(6) var<storage, read_write> values: array<vec4<f32>>;      // [slots, kv_heads, vecs]
@group(0) @binding(7) var<storage, read_write> out: array<vec4<f32>>;         // [rows, out_stride]: heads of vecs each, then a part of ceil(o_rank / 4) for each head
@group(0) @binding(8) var<storage, read> adapters: array<f32>;                // B_p [columns, rank], A_o [o_rank, 4 heads vecs]

const LOWEST = -1e30;

// What an adapter adds to four columns of queries, keys or values: row `column` .. + 3 of B, the h that begins at `first` of a row.
struct Update { rank: u32, first: u32, b: u32, scale: f32 }

fn first_low_rank() -> u32 { return 4u * (u.heads + 2u * u.kv_heads) * u.vecs; }
fn query_update() -> Update { return Update(u.q_rank, first_low_rank(), u.q_b, u.q_scale); }
fn key_update() -> Update { return Update(u.k_rank, first_low_rank() + u.q_rank, u.k_b, u.k_scale); }
fn value_update() -> Update { return Update(u.v_rank, first_low_rank() + u.q_rank + u.k_rank, u.v_b, u.v_scale); }

// Columns 4 c .. 4 c + 3 rotated; `other` are those half a head further.
fn rotated(own: vec4<f32>, other: vec4<f32>, row: u32, c: u32) -> vec4<f32> {
  let half = u.vecs / 2u;
  let angle = u.vecs * row + c % half;
  let direction = select(1.0, -1.0, c < half);
  return own * angles[angle] + direction * other * angles[angle + half];
}

// Where a head's part of the low-rank products lies in `out`.
fn part_place(row: u32, head: u32) -> u32 { return row * u.out_stride + u.heads * u.vecs + head * ((u.o_rank + 3u) / 4u); }

// Where the n-th key that is seen starts in the KV cache.
fn cached(span: vec4<u32>, n: u32, kv_head: u32) -> u32 {
  let first = span.y - span.x;
  return (select(span.z + n - first, span.x + n, n < first) * u.kv_heads + kv_head) * u.vecs;
}
