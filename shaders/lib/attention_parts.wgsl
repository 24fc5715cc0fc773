// Uniforms, bindings and constants of the variants of attention/ and of attention_sums.  VECS vec4s a head; "heads" counts query heads.
struct Uniforms { queries: u32, keys: u32, heads: u32, group: u32, parts: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> q: array<vec4<f32>>;                // [queries, heads, VECS]
@group(0) @binding(2) var<storage, read> k: array<vec4<f32>>;                // [>= keys, heads / group, VECS]
@group(0) @binding(3) var<storage, read> v: array<vec4<f32>>;                // [>= keys, heads / group, VECS]
@group(0) @binding(4) var<storage, read> spans: array<vec4<u32>>;            // [queries]
@group(0) @binding(5) var<storage, read_write> o: array<vec4<f32>>;          // [queries, heads, VECS]
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;              // [queries, heads], kept for backward
@group(0) @binding(7) var<storage, read> saved_o: array<vec4<f32>>;          // [queries, heads, VECS]
@group(0) @binding(8) var<storage, read> saved_lse: array<f32>;              // [queries, heads]
@group(0) @binding(9) var<storage, read> d_o: array<vec4<f32>>;              // [queries, heads, VECS]
@group(0) @binding(10) var<storage, read_write> moments: array<vec2<f32>>;   // [queries, heads] (L, D)
@group(0) @binding(11) var<storage, read> saved_moments: array<vec2<f32>>;   // [queries, heads] (L, D)
@group(0) @binding(12) var<storage, read_write> dq: array<vec4<f32>>;        // [queries, heads, VECS]
@group(0) @binding(13) var<storage, read> key_spans: array<vec2<u32>>;       // [keys] first and end of the queries seeing it
@group(0) @binding(14) var<storage, read_write> dk: array<vec4<f32>>;        // [keys, heads / group, parts, VECS]
@group(0) @binding(15) var<storage, read_write> dv: array<vec4<f32>>;        // [keys, heads / group, parts, VECS]
@group(0) @binding(16) var<storage, read> parts: array<vec4<f32>>;           // [keys, heads / group, parts, VECS]
@group(0) @binding(17) var<storage, read_write> total: array<vec4<f32>>;     // [keys, heads / group, VECS]

const LOWEST = -1e30;
const SMALLEST = 1e-30;  // where a query sees no key, the sum is 0 and everything divided by it too

// Block of rows number `nth`: from both ends alternately. Where rows see all before them, the last take longest, and work that is
// handed out in order is then even.
fn block_of(nth: u32, rows: u32, block_rows: u32) -> u32 {
  let last = (rows + block_rows - 1u) / block_rows - 1u;
  return select(nth / 2u, last - nth / 2u, nth % 2u == 1u);
}
