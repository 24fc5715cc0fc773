// What a decode step needs anew for every token.
//   advance   positions += 1,  spans.w += 1   of rows that have not ended                      one thread per row
//   rotate    angles[r, 0] = cosines[positions[r]],  angles[r, 1] = sines[positions[r]]  (beyond the table: its last position)   one thread per pair
//   own_slots slots[r] = spans[r].w - 1                                                        one thread per row
//! include grid
struct Uniforms { rows: u32, half_width: u32, last_position: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read_write> positions: array<u32>;       // [rows] position of the token to be fed next
@group(0) @binding(2) var<storage, read_write> spans: array<vec4<u32>>;     // [rows] keys that it sees: prompt, own tokens
@group(0) @binding(3) var<storage, read> saved_positions: array<u32>;       // [rows]
@group(0) @binding(4) var<storage, read> cosines: array<f32>;               // [last_position + 1, half_width]
@group(0) @binding(5) var<storage, read> sines: array<f32>;                 // [last_position + 1, half_width]
@group(0) @binding(6) var<storage, read_write> angles: array<f32>;          // [rows, 2, half_width]
@group(0) @binding(7) var<storage, read> ended: array<u32>;                 // [rows] 0 while a row goes on
@group(0) @binding(8) var<storage, read> saved_spans: array<vec4<u32>>;     // [rows]
@group(0) @binding(9) var<storage, read_write> slots: array<u32>;           // [rows] of the KV cache

@compute @workgroup_size(64)
fn own_slots(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < u.rows) { slots[id.x] = saved_spans[id.x].w - 1u; }
}

@compute @workgroup_size(64)
fn advance(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= u.rows || ended[id.x] != 0u) { return; }
  positions[id.x] += 1u;
  spans[id.x].w += 1u;
}

@compute @workgroup_size(64)
fn rotate(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at >= u.rows * u.half_width) { return; }
  let entry = min(saved_positions[at / u.half_width], u.last_position) * u.half_width + at % u.half_width;
  let to = at + at / u.half_width * u.half_width;
  angles[to] = cosines[entry];
  angles[to + u.half_width] = sines[entry];
}
