// Moves every row of a cached decode that has not ended one token on.
//   positions += 1,  slots += 1,  spans.w += 1        one thread per row
@group(0) @binding(0) var<uniform> u: Uniforms;
struct Uniforms { rows: u32 }
@group(0) @binding(1) var<storage, read_write> positions: array<u32>;       // [rows] position of the token to be fed next
@group(0) @binding(2) var<storage, read_write> slots: array<u32>;           // [rows] row of the cache that it writes
@group(0) @binding(3) var<storage, read_write> spans: array<vec4<u32>>;     // [rows] keys that it sees: prompt, own tokens
@group(0) @binding(4) var<storage, read> ended: array<u32>;                 // [rows] 0 while a row goes on

@compute @workgroup_size(64)
fn advance(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= u.rows || ended[id.x] != 0u) { return; }
  positions[id.x] += 1u;
  slots[id.x] += 1u;
  spans[id.x].w += 1u;
}
