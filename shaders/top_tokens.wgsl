// The COUNT largest logits of each row with their vocabulary ids, over the same tiles as the head (head.wgsl), without the logits.
//   tops [rows, COUNT] (logit, id), by falling logits, of equal ones by rising ids; NONE where the vocabulary has fewer
// One workgroup per row: each turn every thread looks for what follows the latest pick, among the tile and what was kept before it.
//! include grid
//! include reduce
struct Uniforms {
  rows: u32,
  tile: u32,         // columns of the tile
  first: u32,        // vocabulary id of its first column
}
struct Pick { logit: f32, id: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> raw: array<f32>;            // [rows, tile]
@group(0) @binding(2) var<storage, read_write> tops: array<Pick>;    // [rows, COUNT]

const COUNT = 5u;
const NONE = 0xffffffffu;
const LOWEST = -1e30;
const NOTHING = Pick(LOWEST, NONE);

@compute @workgroup_size(64)
fn begin(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 64u + lane;
  if (at < u.rows * COUNT) { tops[at] = NOTHING; }
}

fn is_before(a: Pick, b: Pick) -> bool {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

// Ids are below 2^24, which f32 holds exactly.
fn first_of_lanes(own: Pick, lane: u32) -> Pick {
  let largest = workgroup_max(own.logit, lane);
  let id = -workgroup_max(select(-16777216.0, -f32(own.id), own.logit == largest && own.id != NONE), lane);
  return Pick(largest, select(u32(id), NONE, id >= 16777216.0));
}

@compute @workgroup_size(64)
fn take_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = min(linear_workgroup(group, grid), u.rows - 1u);
  var picks: array<Pick, COUNT>;
  var latest = Pick(-LOWEST, 0u);
  for (var turn = 0u; turn < COUNT; turn++) {
    var own = NOTHING;
    for (var c = lane; c < u.tile; c += 64u) {
      let found = Pick(raw[row * u.tile + c], u.first + c);
      if (is_before(latest, found) && is_before(found, own)) { own = found; }
    }
    if (lane < COUNT) {
      let kept = tops[row * COUNT + lane];
      if (kept.id != NONE && is_before(latest, kept) && is_before(kept, own)) { own = kept; }
    }
    latest = first_of_lanes(own, lane);
    picks[turn] = latest;
  }
  if (lane > 0u) { return; }
  for (var turn = 0u; turn < COUNT; turn++) { tops[row * COUNT + turn] = picks[turn]; }
}
