// Attention of one new token a row over the cache, with its rotary turn and the writing of its own key and value.
//   q = scale * turn(query),  k = turn(key),  v = value + value_bias of the row's new token; k and v go to slot spans[row].w - 1
//   out = sum over the keys it sees of softmax(q . key) value:  [spans.x, spans.y) and [spans.z, spans.w), the last of which is its own
// turn: rotary positions (Su et al. 2021, arXiv 2104.09864), half-split, by the row's angles:
//   y[i] = x[i] cos[i] - x[i + h] sin[i],  y[i + h] = x[i + h] cos[i] + x[i] sin[i],  h half a head
// One workgroup per (row, query head). All heads of a group need the new key and value before anybody has seen them in the cache: each
// makes its own copy, the first one writes. Keys go through workgroup memory CHUNK at a time, with a running softmax between the chunks:
// scores by a thread each, then weighted values by 64 / vecs threads for every four columns, vecs = columns of a head / 4.
// attend_alone: the same by one thread per (row, query head), with an online softmax and no barrier, for software adapters: eight threads a
// workgroup, so that every core of a processor has some.
//! include grid
struct Uniforms { rows: u32, heads: u32, kv_heads: u32, vecs: u32, scale: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<f32>>;               // [rows, heads + 2 kv_heads, vecs]
@group(0) @binding(2) var<storage, read> value_bias: array<vec4<f32>>;        // [kv_heads, vecs]
@group(0) @binding(3) var<storage, read> angles: array<vec4<f32>>;            // [rows, 2, vecs / 2] cosines, then sines
@group(0) @binding(4) var<storage, read> spans: array<vec4<u32>>;             // [rows]
@group(0) @binding(5) var<storage, read_write> keys: array<vec4<f32>>;        // [slots, kv_heads, vecs]
@group(0) @binding(6) var<storage, read_write> values: array<vec4<f32>>;      // [slots, kv_heads, vecs]
@group(0) @binding(7) var<storage, read_write> out: array<vec4<f32>>;         // [rows, heads, vecs]

const MOST_VECS = 32u;
const CHUNK = 1024u;
const LOWEST = -1e30;

var<workgroup> query: array<vec4<f32>, MOST_VECS>;
var<workgroup> new_key: array<vec4<f32>, MOST_VECS>;
var<workgroup> new_value: array<vec4<f32>, MOST_VECS>;
var<workgroup> weights: array<f32, CHUNK>;      // scores at first
var<workgroup> lane_tops: array<f32, 64>;
var<workgroup> lane_sums: array<f32, 64>;
var<workgroup> lane_parts: array<vec4<f32>, 64>;

// Columns 4 c .. 4 c + 3 of the turned head that starts at qkv[start].
fn turned(start: u32, c: u32, row: u32) -> vec4<f32> {
  let half = u.vecs / 2u;
  let angle = u.vecs * row + c % half;
  let direction = select(1.0, -1.0, c < half);
  return qkv[start + c] * angles[angle] + direction * qkv[start + (c + half) % u.vecs] * angles[angle + half];
}

// Makes the token's query, key and value, and writes the latter two to the cache if this is the first head of its group.
fn begin(row: u32, head: u32, kv_head: u32, lane: u32) {
  let heads = row * (u.heads + 2u * u.kv_heads);
  let slot = ((spans[row].w - 1u) * u.kv_heads + kv_head) * u.vecs;
  if (lane < u.vecs) {
    let key = turned((heads + u.heads + kv_head) * u.vecs, lane, row);
    let value = qkv[(heads + u.heads + u.kv_heads + kv_head) * u.vecs + lane] + value_bias[kv_head * u.vecs + lane];
    query[lane] = u.scale * turned((heads + head) * u.vecs, lane, row);
    new_key[lane] = key;
    new_value[lane] = value;
    if (head % (u.heads / u.kv_heads) == 0u) {
      keys[slot + lane] = key;
      values[slot + lane] = value;
    }
  }
}

// Where the n-th key that is seen starts in the cache.
fn cached(span: vec4<u32>, n: u32, kv_head: u32) -> u32 {
  let first = span.y - span.x;
  return (select(span.z + n - first, span.x + n, n < first) * u.kv_heads + kv_head) * u.vecs;
}

@compute @workgroup_size(64)
fn attend(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = workgroup.x;
  let row = workgroup.y;
  let kv_head = head / (u.heads / u.kv_heads);
  let span = spans[row];
  let own = span.y - span.x + span.w - span.z - 1u;   // number of the new key: the last
  let lanes = min(64u, own + 1u);                     // not a constant, so that no compiler unrolls the loops over lanes
  begin(row, head, kv_head, lane);
  workgroupBarrier();
  var largest = LOWEST;
  var sum = 0.0;
  var weighted = vec4<f32>();
  for (var start = 0u; start <= own; start += CHUNK) {
    let end = min(start + CHUNK, own + 1u);
    var top = LOWEST;
    for (var n = start + lane; n < end; n += 64u) {
      let at = cached(span, n, kv_head);
      var products = vec4<f32>();
      for (var c = 0u; c < u.vecs; c++) {
        var key = new_key[c];
        if (n < own) { key = keys[at + c]; }
        products += query[c] * key;
      }
      let score = dot(products, vec4<f32>(1.0));
      weights[n - start] = score;
      top = max(top, score);
    }
    lane_tops[lane] = top;
    workgroupBarrier();
    top = largest;
    for (var i = 0u; i < lanes; i++) { top = max(top, lane_tops[i]); }
    let shrink = exp(max(largest - top, -87.0));
    largest = top;
    sum *= shrink;
    weighted *= shrink;
    for (var n = start + lane; n < end; n += 64u) {
      let p = exp(weights[n - start] - largest);
      weights[n - start] = p;
      sum += p;
    }
    workgroupBarrier();
    for (var n = start + lane / u.vecs; n < end; n += 64u / u.vecs) {
      var value = new_value[lane % u.vecs];
      if (n < own) { value = values[cached(span, n, kv_head) + lane % u.vecs]; }
      weighted += weights[n - start] * value;
    }
    workgroupBarrier();
  }
  lane_sums[lane] = sum;
  lane_parts[lane] = weighted;
  workgroupBarrier();
  if (lane < u.vecs) {
    var all = 0.0;
    for (var i = 0u; i < lanes; i++) { all += lane_sums[i]; }
    var joined = vec4<f32>();
    for (var part = 0u; part < min(64u / u.vecs, lanes); part++) { joined += lane_parts[part * u.vecs + lane]; }
    out[(row * u.heads + head) * u.vecs + lane] = joined / all;
  }
}

@compute @workgroup_size(8)
fn attend_alone(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = linear_workgroup(group, grid) * 8u + lane;
  if (at >= u.rows * u.heads) { return; }
  let row = at / u.heads;
  let head = at % u.heads;
  let kv_head = head / (u.heads / u.kv_heads);
  let span = spans[row];
  let own = span.y - span.x + span.w - span.z - 1u;
  let heads = row * (u.heads + 2u * u.kv_heads);
  let slot = ((span.w - 1u) * u.kv_heads + kv_head) * u.vecs;
  let is_first = head % (u.heads / u.kv_heads) == 0u;
  var turned_query: array<vec4<f32>, MOST_VECS>;
  var weighted: array<vec4<f32>, MOST_VECS>;
  var products = vec4<f32>();
  for (var c = 0u; c < u.vecs; c++) {
    let key = turned((heads + u.heads + kv_head) * u.vecs, c, row);
    let value = qkv[(heads + u.heads + u.kv_heads + kv_head) * u.vecs + c] + value_bias[kv_head * u.vecs + c];
    turned_query[c] = u.scale * turned((heads + head) * u.vecs, c, row);
    weighted[c] = value;
    products += turned_query[c] * key;
    if (is_first) {
      keys[slot + c] = key;
      values[slot + c] = value;
    }
  }
  var largest = dot(products, vec4<f32>(1.0));
  var sum = 1.0;
  for (var n = 0u; n < own; n++) {
    let key = cached(span, n, kv_head);
    products = vec4<f32>();
    for (var c = 0u; c < u.vecs; c++) { products += turned_query[c] * keys[key + c]; }
    let score = dot(products, vec4<f32>(1.0));
    let top = max(largest, score);
    let shrink = exp(max(largest - top, -87.0));
    let p = exp(max(score - top, -87.0));
    largest = top;
    sum = sum * shrink + p;
    for (var c = 0u; c < u.vecs; c++) { weighted[c] = weighted[c] * shrink + p * values[key + c]; }
  }
  for (var c = 0u; c < u.vecs; c++) { out[at * u.vecs + c] = weighted[c] / sum; }
}
