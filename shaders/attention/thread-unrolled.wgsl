// Attention by threads with the loops over a row's columns unrolled, for compilers that leave loops as they are: software adapters.
// Formulas and variants: attention/thread, with the same sums in the same order. Rows of all sizes stay in registers between their two uses.
//! include attention_parts
//! include grid
//! include unrolled_rows

struct Softmax { largest: f32, sum: f32, weighted: Row }

// Takes one more key into the running softmax.
fn take(state: ptr<function, Softmax>, score: f32, value: Row) {
  if (score > (*state).largest) {
    let shrink = exp(max((*state).largest - score, -87.0));
    (*state).largest = score;
    (*state).sum *= shrink;
    scale_row(&(*state).weighted, shrink);
  }
  let p = exp(score - (*state).largest);
  (*state).sum += p;
  add_row(&(*state).weighted, p, value);
}

// One thread per (query, head).
@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let i = block_of(unit / u.heads, u.queries, 64u) * 64u + lane;
  if (i >= u.queries) { return; }
  let kv_heads = u.heads / u.group;
  let at = i * u.heads + head;
  let query = as_factor(q_row(at * VECS), u.scale);
  var state: Softmax;
  state.largest = LOWEST;
  let span = spans[i];
  let first = span.y - span.x;
  let count = first + span.w - span.z;
  for (var n = 0u; n < count; n++) {
    let j = select(span.z + n - first, span.x + n, n < first);
    let row = (j * kv_heads + head / u.group) * VECS;
    take(&state, dot_rows(query, k_row(row)), v_row(row));
  }
  let share = 1.0 / max(state.sum, SMALLEST);
  var fours = fours_of(state.weighted);
  for (var c = 0u; c < VECS; c++) { o[at * VECS + c] = fours[c / 4u][c % 4u] * share; }
  lse[at] = select(0.0, state.largest + log(max(state.sum, SMALLEST)), state.sum > 0.0);
}

// dq, overwritten; one thread per (query, head).
@compute @workgroup_size(64)
fn backward_queries(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let i = block_of(unit / u.heads, u.queries, 64u) * 64u + lane;
  if (i >= u.queries) { return; }
  let kv_heads = u.heads / u.group;
  let at = i * u.heads + head;
  let query = as_factor(q_row(at * VECS), u.scale);
  let gradient = as_factor(d_o_row(at * VECS), 1.0);
  let moment = saved_moments[at];
  let span = spans[i];
  let first = span.y - span.x;
  let count = first + span.w - span.z;
  var result: Row;
  for (var n = 0u; n < count; n++) {
    let j = select(span.z + n - first, span.x + n, n < first);
    let row = (j * kv_heads + head / u.group) * VECS;
    let key = k_row(row);
    let p = exp(dot_rows(query, key) - moment.x);
    let ds = p * (dot_rows(gradient, v_row(row)) - moment.y) * u.scale;
    add_row(&result, ds, key);
  }
  var fours = fours_of(result);
  for (var c = 0u; c < VECS; c++) { dq[at * VECS + c] = fours[c / 4u][c % 4u]; }
}

// dk and dv, overwritten, a part for each query head; one thread per (key, query head).
@compute @workgroup_size(64)
fn backward_keys(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let j = block_of(unit / u.heads, u.keys, 64u) * 64u + lane;
  if (j >= u.keys) { return; }
  let row = (j * (u.heads / u.group) + head / u.group) * VECS;
  let key = as_factor(k_row(row), u.scale);
  let value = as_factor(v_row(row), 1.0);
  let span = key_spans[j];
  var d_key: Row;
  var d_value: Row;
  for (var i = span.x; i < span.y; i++) {
    let at = i * u.heads + head;
    let query = q_row(at * VECS);
    let gradient = d_o_row(at * VECS);
    let moment = saved_moments[at];
    let p = exp(dot_rows(query, key) - moment.x);
    let ds = p * (dot_rows(gradient, value) - moment.y) * u.scale;
    add_row(&d_key, ds, query);
    add_row(&d_value, p, gradient);
  }
  let out = (j * u.heads + head) * VECS;
  var key_fours = fours_of(d_key);
  var value_fours = fours_of(d_value);
  for (var c = 0u; c < VECS; c++) {
    dk[out + c] = key_fours[c / 4u][c % 4u];
    dv[out + c] = value_fours[c / 4u][c % 4u];
  }
}
