// Attention by subgroups: formulas, shapes and bindings of attention, where reading costs more than computing.
// A workgroup is one subgroup of LANES threads, one consecutive query (key, in backward_keys) of one head each. It walks over
// all keys (queries) that any of its threads sees: a row is read once, WIDTH vec4 a load, and handed round by broadcasts.
// Loops around broadcasts run between bounds that are the same for all threads, which compilers cannot see.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//! include attention_parts
//! include attention_spans
//! include grid
const LOADS = VECS / WIDTH;                    // WIDTH is 4 or 8, at most LANES, and divides VECS
alias Row = array<vec4<f32>, VECS>;            // of this thread
alias Shared = array<vec4<f32>, LOADS>;        // of all: thread l holds vec4 l, WIDTH + l, ...

fn shared_k(row: u32, lane: u32) -> Shared {
  var parts: Shared;
  for (var l = 0u; l < LOADS; l++) { parts[l] = k[row + l * WIDTH + lane % WIDTH]; }
  return parts;
}

fn shared_v(row: u32, lane: u32) -> Shared {
  var parts: Shared;
  for (var l = 0u; l < LOADS; l++) { parts[l] = v[row + l * WIDTH + lane % WIDTH]; }
  return parts;
}

fn shared_q(row: u32, lane: u32) -> Shared {
  var parts: Shared;
  for (var l = 0u; l < LOADS; l++) { parts[l] = q[row + l * WIDTH + lane % WIDTH]; }
  return parts;
}

fn shared_d_o(row: u32, lane: u32) -> Shared {
  var parts: Shared;
  for (var l = 0u; l < LOADS; l++) { parts[l] = d_o[row + l * WIDTH + lane % WIDTH]; }
  return parts;
}

// own . shared
fn product(own: ptr<function, Row>, parts: ptr<function, Shared>) -> f32 {
  var sums = vec4<f32>();
  for (var l = 0u; l < LOADS; l++) {
    let part = (*parts)[l];
    let c = l * WIDTH;
    sums += (*own)[c] * subgroupBroadcast(part, 0u);
    sums += (*own)[c + 1u] * subgroupBroadcast(part, 1u);
    sums += (*own)[c + 2u] * subgroupBroadcast(part, 2u);
    sums += (*own)[c + 3u] * subgroupBroadcast(part, 3u);
    if (WIDTH > 4u) {
      sums += (*own)[c + 4u % WIDTH] * subgroupBroadcast(part, 4u % WIDTH);
      sums += (*own)[c + 5u % WIDTH] * subgroupBroadcast(part, 5u % WIDTH);
      sums += (*own)[c + 6u % WIDTH] * subgroupBroadcast(part, 6u % WIDTH);
      sums += (*own)[c + 7u % WIDTH] * subgroupBroadcast(part, 7u % WIDTH);
    }
  }
  return dot(sums, vec4<f32>(1.0));
}

// own += weight * shared
fn add(own: ptr<function, Row>, weight: f32, parts: ptr<function, Shared>) {
  for (var l = 0u; l < LOADS; l++) {
    let part = (*parts)[l];
    let c = l * WIDTH;
    (*own)[c] += weight * subgroupBroadcast(part, 0u);
    (*own)[c + 1u] += weight * subgroupBroadcast(part, 1u);
    (*own)[c + 2u] += weight * subgroupBroadcast(part, 2u);
    (*own)[c + 3u] += weight * subgroupBroadcast(part, 3u);
    if (WIDTH > 4u) {
      (*own)[c + 4u % WIDTH] += weight * subgroupBroadcast(part, 4u % WIDTH);
      (*own)[c + 5u % WIDTH] += weight * subgroupBroadcast(part, 5u % WIDTH);
      (*own)[c + 6u % WIDTH] += weight * subgroupBroadcast(part, 6u % WIDTH);
      (*own)[c + 7u % WIDTH] += weight * subgroupBroadcast(part, 7u % WIDTH);
    }
  }
}

struct Softmax { largest: f32, sum: f32 }

// Takes the keys of one range into the running softmax and the weighted sum of their values.
fn take(own: vec2<u32>, head: u32, lane: u32, query: ptr<function, Row>, state: ptr<function, Softmax>, weighted: ptr<function, Row>) {
  let kv_heads = u.heads / u.group;
  let range = joined(own);
  for (var j = range.x; j < range.y; j++) {
    let row = (j * kv_heads + head / u.group) * VECS;
    var key = shared_k(row, lane);
    var value = shared_v(row, lane);
    let score = select(LOWEST, product(query, &key), sees(own, j));
    if (score > (*state).largest) {
      let shrink = exp(max((*state).largest - score, -87.0));
      (*state).largest = score;
      (*state).sum *= shrink;
      for (var c = 0u; c < VECS; c++) { (*weighted)[c] *= shrink; }
    }
    let p = select(0.0, exp(score - (*state).largest), sees(own, j));
    (*state).sum += p;
    add(weighted, p, &value);
  }
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let i = block_of(unit / u.heads, u.queries, LANES) * LANES + lane;
  let is_query = i < u.queries;
  let at = min(i, u.queries - 1u) * u.heads + head;
  var query: Row;
  for (var c = 0u; c < VECS; c++) { query[c] = q[at * VECS + c] * u.scale; }
  let span = select(vec4<u32>(), spans[min(i, u.queries - 1u)], is_query);
  var state = Softmax(LOWEST, 0.0);
  var weighted: Row;
  take(span.xy, head, lane, &query, &state, &weighted);
  take(span.zw, head, lane, &query, &state, &weighted);
  if (!is_query) { return; }
  let share = 1.0 / max(state.sum, SMALLEST);
  for (var c = 0u; c < VECS; c++) { o[at * VECS + c] = weighted[c] * share; }
  lse[at] = select(0.0, state.largest + log(max(state.sum, SMALLEST)), state.sum > 0.0);
}

// Adds what the keys of one range give dq.
fn add_keys(own: vec2<u32>, head: u32, lane: u32, moment: vec2<f32>, query: ptr<function, Row>, gradient: ptr<function, Row>, result: ptr<function, Row>) {
  let kv_heads = u.heads / u.group;
  let range = joined(own);
  for (var j = range.x; j < range.y; j++) {
    let row = (j * kv_heads + head / u.group) * VECS;
    var key = shared_k(row, lane);
    var value = shared_v(row, lane);
    let score = product(query, &key);
    let dp = product(gradient, &value);
    let ds = exp(score - moment.x) * (dp - moment.y) * u.scale;
    add(result, select(0.0, ds, sees(own, j)), &key);
  }
}

@compute @workgroup_size(LANES)
fn backward_queries(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let i = block_of(unit / u.heads, u.queries, LANES) * LANES + lane;
  let is_query = i < u.queries;
  let at = min(i, u.queries - 1u) * u.heads + head;
  var query: Row;
  var gradient: Row;
  for (var c = 0u; c < VECS; c++) {
    query[c] = q[at * VECS + c] * u.scale;
    gradient[c] = d_o[at * VECS + c];
  }
  let moment = saved_moments[at];
  let span = select(vec4<u32>(), spans[min(i, u.queries - 1u)], is_query);
  var result: Row;
  add_keys(span.xy, head, lane, moment, &query, &gradient, &result);
  add_keys(span.zw, head, lane, moment, &query, &gradient, &result);
  if (!is_query) { return; }
  for (var c = 0u; c < VECS; c++) { dq[at * VECS + c] = result[c]; }
}

@compute @workgroup_size(LANES)
fn backward_keys(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let own_key = block_of(unit / u.heads, u.keys, LANES) * LANES + lane;
  let is_key = own_key < u.keys;
  let j = min(own_key, u.keys - 1u);
  let row = (j * (u.heads / u.group) + head / u.group) * VECS;
  var key: Row;
  var value: Row;
  for (var c = 0u; c < VECS; c++) {
    key[c] = k[row + c] * u.scale;
    value[c] = v[row + c];
  }
  let span = select(vec2<u32>(), key_spans[j], is_key);
  let range = joined(span);
  var d_key: Row;
  var d_value: Row;
  for (var i = range.x; i < range.y; i++) {
    let at = i * u.heads + head;
    var query = shared_q(at * VECS, lane);
    var gradient = shared_d_o(at * VECS, lane);
    let moment = saved_moments[at];
    let p = select(0.0, exp(product(&key, &query) - moment.x), sees(span, i));
    let ds = p * (product(&value, &gradient) - moment.y) * u.scale;
    add(&d_key, ds, &query);
    add(&d_value, p, &gradient);
  }
  if (!is_key) { return; }
  let out = (j * u.heads + head) * VECS;
  for (var c = 0u; c < VECS; c++) {
    dk[out + c] = d_key[c];
    dv[out + c] = d_value[c];
  }
}
