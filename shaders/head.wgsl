// Language-model head over vocabulary tiles: log-probability of a target and entropy of each row, without the logits.
//   z = inverse_temperature * hidden W^T,  lse = log sum exp z,  p = exp(z - lse)
//   log_prob = z[target] - lse,  entropy = lse - sum p z      (rows with target NONE: both 0)
// Forward: for each tile of W's rows a matmul writes raw logits [rows, tile], then `take_tile` moves the running
//   state  (m = max z,  s = sum e^(z - m),  t = sum (z - m) e^(z - m),  z[target])  on; `finish` reads it out:
//   lse = m + log s,  entropy = log s - t / s.
// Backward: each tile's raw logits are made again and turned, in place, into
//   d_raw = inverse_temperature * (d_log_prob (1[target] - p) - d_entropy p (z - lse + entropy))
//   for the two matmuls  d_hidden += d_raw W,  d_W += d_raw^T hidden.
// `place` copies the raw logits of one shard to their columns of [rows, vocabulary], for decoding.
//! include grid
//! include reduce
struct Uniforms {
  rows: u32,
  tile: u32,         // columns of the tile
  first: u32,        // vocabulary id of its first column
  vocabulary: u32,   // columns of `logits`
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> raw: array<f32>;                    // [rows, tile]
@group(0) @binding(2) var<storage, read> targets: array<u32>;                // [rows]
@group(0) @binding(3) var<storage, read> inverse_temperature: array<f32>;    // [1]
@group(0) @binding(4) var<storage, read_write> state: array<vec4<f32>>;      // [rows] (m, s, t, z[target])
@group(0) @binding(5) var<storage, read> saved_state: array<vec4<f32>>;      // [rows]
@group(0) @binding(6) var<storage, read_write> log_probs: array<f32>;        // [rows]
@group(0) @binding(7) var<storage, read_write> entropies: array<f32>;        // [rows]
@group(0) @binding(8) var<storage, read> d_log_probs: array<f32>;            // [rows]
@group(0) @binding(9) var<storage, read> d_entropies: array<f32>;            // [rows]
@group(0) @binding(10) var<storage, read_write> d_raw: array<f32>;           // [rows, tile]: raw logits before, d_raw after
@group(0) @binding(11) var<storage, read_write> logits: array<f32>;          // [rows, vocabulary]

const NONE = 0xffffffffu;
const LOWEST = -1e30;

@compute @workgroup_size(64)
fn begin(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid) * 64u + lane;
  if (row < u.rows) { state[row] = vec4<f32>(LOWEST, 0.0, 0.0, 0.0); }
}

// Merges a tile's (largest, sum, weighted) with the row's state before it.
fn merge_tile(row: u32, before: vec4<f32>, largest: f32, tile_sum: f32, tile_weighted: f32) {
  var sum = tile_sum;
  var weighted = tile_weighted;
  if (before.y > 0.0) {
    let shift = max(before.x - largest, -87.0);
    weighted += (before.z + shift * before.y) * exp(shift);
    sum += before.y * exp(shift);
  }
  let column = targets[row] - u.first;   // wraps around where the target is before this tile
  let found = targets[row] != NONE && column < u.tile;
  var chosen = before.w;
  if (found) { chosen = raw[row * u.tile + column] * inverse_temperature[0]; }
  state[row] = vec4<f32>(largest, sum, weighted, chosen);
}

// One workgroup per row.
@compute @workgroup_size(64)
fn take_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = min(linear_workgroup(group, grid), u.rows - 1u);
  let factor = inverse_temperature[0];
  let start = row * u.tile;
  let before = state[row];
  var largest = before.x;
  for (var c = lane; c < u.tile; c += 64u) { largest = max(largest, raw[start + c] * factor); }
  largest = workgroup_max(largest, lane);
  var sum = 0.0;
  var weighted = 0.0;
  for (var c = lane; c < u.tile; c += 64u) {
    let z = raw[start + c] * factor - largest;
    sum += exp(z);
    weighted += z * exp(z);
  }
  sum = workgroup_sum(sum, lane);
  weighted = workgroup_sum(weighted, lane);
  if (lane == 0u) { merge_tile(row, before, largest, sum, weighted); }
}

// The same with one thread per row, for tiles of few columns.
@compute @workgroup_size(64)
fn take_tile_narrow(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid) * 64u + lane;
  if (row >= u.rows) { return; }
  let factor = inverse_temperature[0];
  let start = row * u.tile;
  let before = state[row];
  var largest = before.x;
  for (var c = 0u; c < u.tile; c++) { largest = max(largest, raw[start + c] * factor); }
  var sum = 0.0;
  var weighted = 0.0;
  for (var c = 0u; c < u.tile; c++) {
    let z = raw[start + c] * factor - largest;
    let e = exp(z);
    sum += e;
    weighted += z * e;
  }
  merge_tile(row, before, largest, sum, weighted);
}

@compute @workgroup_size(64)
fn finish(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = linear_workgroup(group, grid) * 64u + lane;
  if (row >= u.rows) { return; }
  let s = saved_state[row];
  let counts = targets[row] != NONE;
  log_probs[row] = select(0.0, s.w - s.x - log(s.y), counts);
  entropies[row] = select(0.0, log(s.y) - s.z / s.y, counts);
}

// Raw logits to d_raw, in place; one thread per element.
@compute @workgroup_size(64)
fn backward_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at >= u.rows * u.tile) { return; }
  let row = at / u.tile;
  let target_id = targets[row];
  let s = saved_state[row];
  let log_sum = log(s.y);
  let factor = inverse_temperature[0];
  let log_p = d_raw[at] * factor - s.x - log_sum;   // z - lse
  let p = exp(log_p);
  let entropy = log_sum - s.z / s.y;
  let hit = select(0.0, 1.0, at % u.tile == target_id - u.first);
  let dz = d_log_probs[row] * (hit - p) - d_entropies[row] * p * (log_p + entropy);
  d_raw[at] = select(factor * dz, 0.0, target_id == NONE);
}

// One thread per element of the tile.
@compute @workgroup_size(64)
fn place(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at >= u.rows * u.tile) { return; }
  logits[at / u.tile * u.vocabulary + u.first + at % u.tile] = raw[at];
}
