// Attention by subgroups: formulas and variants of attention/thread, for GPUs that have many threads with many registers each.
// A workgroup is one subgroup of LANES threads. A team of TEAM of them takes OWN consecutive queries (keys, in backward_keys) of one
// head and walks over all keys (queries) that any thread of the subgroup sees (see team_rows). What is loaded serves OWN rows, and
// each term of the softmax is made by one lane.
// Loops around swaps run between bounds that are the same for all threads, which compilers cannot see.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//! include attention_parts
//! include grid
//! include team_rows
const TURNS = select(1u, 2u, TURN * PART < 4u);  // of keys at once in forward, as registers allow
const BLOCK = 64u;                               // keys that are passed over at once where nobody sees them
const SLACK = 8.0;                               // terms of a softmax may grow to exp(SLACK): all are rarely scaled down

// From the first to behind the last of what the threads see.
fn union_of(own: vec2<u32>) -> vec2<u32> {
  let any = own.x < own.y;
  return vec2<u32>(subgroupMin(select(0xffffffffu, own.x, any)), subgroupMax(select(0u, own.y, any)));
}

fn sees(own: vec2<u32>, n: u32) -> bool { return own.x <= n && n < own.y; }

// Ranges of keys that query i sees, an empty one behind the other, so that neighbours' first ranges lie near each other.
fn span_of(i: u32) -> vec4<u32> {
  if (i >= u.queries) { return vec4<u32>(); }
  let span = spans[i];
  return select(span, span.zwxy, span.x >= span.y);
}

// `offset` is the same in all lanes of a query, and its largest score is at most SLACK above; `sum` is of this lane's pairs.
struct Softmax { offset: f32, sum: f32 }

// Moves the offsets that a score is far above.
fn raise(score: f32, state: ptr<function, Softmax>, weighted: ptr<function, Own>) {
  let largest = largest_of_row(score);
  let offset = select((*state).offset, largest, largest > (*state).offset + SLACK);
  let shrink = exp(max((*state).offset - offset, -87.0));
  (*state).offset = offset;
  (*state).sum *= shrink;
  scale_rows(weighted, shrink);
}

// Takes the keys of one range into the running softmax and the weighted sum of their values.
fn take(own: vec2<u32>, head: u32, lane: u32, query: ptr<function, Own>, state: ptr<function, Softmax>, weighted: ptr<function, Own>) {
  let range = union_of(own);
  let rows = Rows(u.heads / u.group, head / u.group, range.y - 1u, lane, lane / OWN);
  for (var block = range.x; block < range.y; block += BLOCK) {
    let end = min(block + BLOCK, range.y);
    if (!subgroupAny(own.x < end && block < own.y)) { continue; }
    for (var j = block; j < end; j += TURNS * TURN) {
      var keys: Walked;
      var values: Walked;
      var next_keys: Walked;
      var next_values: Walked;
      for (var n = 0u; n < TURN * PART; n++) {
        keys[n] = k[place(rows, j, n)];
        values[n] = v[place(rows, j, n)];
        if (TURNS > 1u) {
          next_keys[n] = k[place(rows, j + TURN, n)];
          next_values[n] = v[place(rows, j + TURN, n)];
        }
      }
      let score = select(LOWEST, pair(query, &keys), sees(own, j + rows.order));
      var next_score = LOWEST;
      if (TURNS > 1u) { next_score = select(LOWEST, pair(query, &next_keys), sees(own, j + TURN + rows.order)); }
      let largest = max(score, next_score);
      if (subgroupAny(largest > (*state).offset + SLACK)) { raise(largest, state, weighted); }
      let p = exp(score - (*state).offset);
      let next_p = exp(next_score - (*state).offset);
      (*state).sum += p + next_p;
      add(weighted, p, &values);
      if (TURNS > 1u) { add(weighted, next_p, &next_values); }
    }
  }
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(subgroup_invocation_id) thread: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let lane = thread % TEAM;
  let first = block_of(unit / u.heads, u.queries, OWN_ROWS) * OWN_ROWS + thread / TEAM * OWN;
  let rows = Rows(u.heads, head, u.queries - 1u, lane, lane % OWN);
  var query: Own;
  for (var n = 0u; n < OWN * PART; n++) { query[n] = q[place(rows, first, n)] * u.scale; }
  let i = first + rows.order;
  let span = span_of(i);
  var state = Softmax(0.5 * LOWEST, 0.0);  // far above the scores of what is not seen
  var weighted: Own;
  take(span.xy, head, lane, &query, &state, &weighted);
  take(span.zw, head, lane, &query, &state, &weighted);
  let sum = sum_of_row(state.sum);
  scale_rows(&weighted, 1.0 / max(sum, SMALLEST));
  var mixed = weighted;  // loops around branches index a copy, so that what is added to stays in registers
  for (var n = 0u; n < OWN * PART; n++) {
    if (row_of(rows, first, n) < u.queries) { o[place(rows, first, n)] = mixed[n]; }
  }
  if (lane < OWN && i < u.queries) {
    lse[i * u.heads + head] = select(0.0, state.offset + log(max(sum, SMALLEST)), sum > 0.0);
  }
}

// Adds what the keys of one range give dq.
fn add_keys(own: vec2<u32>, head: u32, lane: u32, moment: vec2<f32>, query: ptr<function, Own>, gradient: ptr<function, Own>, result: ptr<function, Own>) {
  let range = union_of(own);
  let rows = Rows(u.heads / u.group, head / u.group, range.y - 1u, lane, lane / OWN);
  for (var block = range.x; block < range.y; block += BLOCK) {
    let end = min(block + BLOCK, range.y);
    if (!subgroupAny(own.x < end && block < own.y)) { continue; }
    for (var j = block; j < end; j += TURN) {
      var keys: Walked;
      var values: Walked;
      for (var n = 0u; n < TURN * PART; n++) {
        keys[n] = k[place(rows, j, n)];
        values[n] = v[place(rows, j, n)];
      }
      let p = exp(pair(query, &keys) - moment.x);
      let ds = p * (pair(gradient, &values) - moment.y) * u.scale;
      add(result, select(0.0, ds, sees(own, j + rows.order)), &keys);
    }
  }
}

@compute @workgroup_size(LANES)
fn backward_queries(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(subgroup_invocation_id) thread: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let lane = thread % TEAM;
  let first = block_of(unit / u.heads, u.queries, OWN_ROWS) * OWN_ROWS + thread / TEAM * OWN;
  let rows = Rows(u.heads, head, u.queries - 1u, lane, lane % OWN);
  var query: Own;
  var gradient: Own;
  for (var n = 0u; n < OWN * PART; n++) {
    query[n] = q[place(rows, first, n)] * u.scale;
    gradient[n] = d_o[place(rows, first, n)];
  }
  let i = first + rows.order;
  let moment = saved_moments[min(i, rows.last) * u.heads + head];
  let span = span_of(i);
  var result: Own;
  add_keys(span.xy, head, lane, moment, &query, &gradient, &result);
  add_keys(span.zw, head, lane, moment, &query, &gradient, &result);
  var sums = result;
  for (var n = 0u; n < OWN * PART; n++) {
    if (row_of(rows, first, n) < u.queries) { dq[place(rows, first, n)] = sums[n]; }
  }
}

// Adds what queries [start, end) of one head give dk and dv.
fn add_queries(own: vec2<u32>, start: u32, end: u32, head: u32, lane: u32, key: ptr<function, Own>, value: ptr<function, Own>, d_key: ptr<function, Own>, d_value: ptr<function, Own>) {
  let rows = Rows(u.heads, head, end - 1u, lane, lane / OWN);
  for (var first = start; first < end; first += TURN) {
    var queries: Walked;
    var gradients: Walked;
    for (var n = 0u; n < TURN * PART; n++) {
      queries[n] = q[place(rows, first, n)];
      gradients[n] = d_o[place(rows, first, n)];
    }
    let i = first + rows.order;
    let moment = saved_moments[min(i, rows.last) * u.heads + head];
    let p = select(0.0, exp(pair(key, &queries) - moment.x), i < end && sees(own, i));
    let ds = p * (pair(value, &gradients) - moment.y) * u.scale;
    add(d_key, ds, &queries);
    add(d_value, p, &gradients);
  }
}

// The queries that see a key, of all heads of a group one behind the other, are shared out evenly to u.parts workgroups: keys of a
// prompt are seen by far more queries than others.
@compute @workgroup_size(LANES)
fn backward_keys(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(subgroup_invocation_id) thread: u32) {
  let unit = linear_workgroup(group, grid);
  let kv_heads = u.heads / u.group;
  let part = unit % u.parts;
  let kv_head = unit / u.parts % kv_heads;
  let lane = thread % TEAM;
  let first = block_of(unit / (u.parts * kv_heads), u.keys, OWN_ROWS) * OWN_ROWS + thread / TEAM * OWN;
  let rows = Rows(kv_heads, kv_head, u.keys - 1u, lane, lane % OWN);
  var key: Own;
  var value: Own;
  var d_key: Own;
  var d_value: Own;
  for (var n = 0u; n < OWN * PART; n++) {
    key[n] = k[place(rows, first, n)] * u.scale;
    value[n] = v[place(rows, first, n)];
  }
  let j = first + rows.order;
  let span = select(vec2<u32>(), key_spans[min(j, rows.last)], j < u.keys);
  let range = union_of(span);
  let count = select(0u, range.y - range.x, range.x < range.y);
  let start = part * count * u.group / u.parts;
  let end = (part + 1u) * count * u.group / u.parts;
  for (var h = start / max(count, 1u); h * count < end; h++) {
    let first_query = range.x + max(start, h * count) - h * count;
    let end_query = range.x + min(end, (h + 1u) * count) - h * count;
    add_queries(span, first_query, end_query, kv_head * u.group + h, lane, &key, &value, &d_key, &d_value);
  }
  var key_sums = d_key;
  var value_sums = d_value;
  for (var n = 0u; n < OWN * PART; n++) {
    if (row_of(rows, first, n) < u.keys) {
      let out = (row_of(rows, first, n) * kv_heads + kv_head) * u.parts + part;
      dk[out * VECS + n % PART * TEAM + lane] = key_sums[n];
      dv[out * VECS + n % PART * TEAM + lane] = value_sums[n];
    }
  }
}
