// Softmax attention by online softmax, one pass over the keys (Dao et al. 2022, arXiv 2205.14135; Rabe & Staats 2021).
//   S = q.k / sqrt(head size) over the keys query i sees: [spans[i].x, spans[i].y) then [spans[i].z, spans[i].w)
//   O = sum exp(S - L) v,  L = log sum exp S   (no keys: O = 0, L = 0).  Query head h uses KV head h / group.
// Backward, with P = exp(S - L) recomputed, dP = dO.v and D = rowsum(dO * O):
//   dq = scale * sum over keys P (dP - D) k,   dk = scale * sum over queries P (dP - D) q,   dv = sum over queries P dO
// dk and dv are gathered per (key, query head) over the contiguous range of queries that see the key, then these parts are
// summed over the heads of a group: no atomics, the same bits every time.
// Threads: 64 consecutive queries (keys, in backward_keys) of one head to a workgroup, so neighbours read the same rows.
// Variants:
//   thread           this one
//   thread-unrolled  the same, with the loops over a row's columns unrolled, for compilers that leave loops as they are (software adapters)
//   subgroup         teams of lanes share rows by their columns, and a team keeps several queries (or keys) in registers: what is loaded serves all
// What they share, (L, D) and the sums over the heads of a group, is attention_sums.
// VECS = head size / 4.  "heads" below counts query heads.
//! include attention_parts
//! include grid
alias Row = array<vec4<f32>, VECS>;
// Rows of small heads are kept in registers between their two uses; those of large heads would spill, and are read again.
const KEEP = VECS <= 8u;
alias Kept = array<vec4<f32>, select(1u, VECS, KEEP)>;

struct Softmax { largest: f32, sum: f32, weighted: Row }

// Takes one more key into the running softmax.
fn take(state: ptr<function, Softmax>, score: f32, row: u32) {
  if (score > (*state).largest) {
    let shrink = exp(max((*state).largest - score, -87.0));
    (*state).largest = score;
    (*state).sum *= shrink;
    for (var c = 0u; c < VECS; c++) { (*state).weighted[c] *= shrink; }
  }
  let p = exp(score - (*state).largest);
  (*state).sum += p;
  for (var c = 0u; c < VECS; c++) { (*state).weighted[c] += p * v[row + c]; }
}

// The softmax of query i, head `head` over the keys it sees.
fn softmax(i: u32, head: u32) -> Softmax {
  let start = (i * u.heads + head) * VECS;
  let kv_heads = u.heads / u.group;
  var query: Row;
  for (var c = 0u; c < VECS; c++) { query[c] = q[start + c] * u.scale; }
  var state: Softmax;
  state.largest = LOWEST;
  let span = spans[i];
  let first = span.y - span.x;
  let count = first + span.w - span.z;
  for (var n = 0u; n < count; n++) {
    let j = select(span.z + n - first, span.x + n, n < first);
    let row = (j * kv_heads + head / u.group) * VECS;
    var sums = vec4<f32>();
    for (var c = 0u; c < VECS; c++) { sums += query[c] * k[row + c]; }
    take(&state, dot(sums, vec4<f32>(1.0)), row);
  }
  return state;
}

// One thread per (query, head).
@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let i = block_of(unit / u.heads, u.queries, 64u) * 64u + lane;
  if (i >= u.queries) { return; }
  var state = softmax(i, head);
  let at = i * u.heads + head;
  let share = 1.0 / max(state.sum, SMALLEST);
  for (var c = 0u; c < VECS; c++) { o[at * VECS + c] = state.weighted[c] * share; }
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
  var query: Row;
  var gradient: Row;
  var result: Row;
  for (var c = 0u; c < VECS; c++) {
    query[c] = q[at * VECS + c] * u.scale;
    gradient[c] = d_o[at * VECS + c];
  }
  let moment = saved_moments[at];
  let span = spans[i];
  let first = span.y - span.x;
  let count = first + span.w - span.z;
  for (var n = 0u; n < count; n++) {
    let j = select(span.z + n - first, span.x + n, n < first);
    let row = (j * kv_heads + head / u.group) * VECS;
    var score = vec4<f32>();
    var dp = vec4<f32>();
    var key: Kept;
    for (var c = 0u; c < VECS; c++) {
      let k_c = k[row + c];
      if (KEEP) { key[c] = k_c; }
      score += query[c] * k_c;
      dp += gradient[c] * v[row + c];
    }
    let p = exp(dot(score, vec4<f32>(1.0)) - moment.x);
    let ds = p * (dot(dp, vec4<f32>(1.0)) - moment.y) * u.scale;
    for (var c = 0u; c < VECS; c++) {
      if (KEEP) { result[c] += ds * key[c]; } else { result[c] += ds * k[row + c]; }
    }
  }
  for (var c = 0u; c < VECS; c++) { dq[at * VECS + c] = result[c]; }
}

// dk and dv, overwritten, a part for each query head; one thread per (key, query head).
@compute @workgroup_size(64)
fn backward_keys(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = linear_workgroup(group, grid);
  let head = unit % u.heads;
  let j = block_of(unit / u.heads, u.keys, 64u) * 64u + lane;
  if (j >= u.keys) { return; }
  let row = (j * (u.heads / u.group) + head / u.group) * VECS;
  var key: Row;
  var value: Row;
  var d_key: Row;
  var d_value: Row;
  for (var c = 0u; c < VECS; c++) {
    key[c] = k[row + c] * u.scale;
    value[c] = v[row + c];
  }
  let span = key_spans[j];
  for (var i = span.x; i < span.y; i++) {
    let at = i * u.heads + head;
    var score = vec4<f32>();
    var dp = vec4<f32>();
    var query: Kept;
    var gradient: Kept;
    for (var c = 0u; c < VECS; c++) {
      let q_c = q[at * VECS + c];
      let d_c = d_o[at * VECS + c];
      if (KEEP) { query[c] = q_c; gradient[c] = d_c; }
      score += q_c * key[c];
      dp += d_c * value[c];
    }
    let moment = saved_moments[at];
    let p = exp(dot(score, vec4<f32>(1.0)) - moment.x);
    let ds = p * (dot(dp, vec4<f32>(1.0)) - moment.y) * u.scale;
    for (var c = 0u; c < VECS; c++) {
      if (KEEP) {
        d_key[c] += ds * query[c];
        d_value[c] += p * gradient[c];
      } else {
        d_key[c] += ds * q[at * VECS + c];
        d_value[c] += p * d_o[at * VECS + c];
      }
    }
  }
  let out = (j * u.heads + head) * VECS;
  for (var c = 0u; c < VECS; c++) {
    dk[out + c] = d_key[c];
    dv[out + c] = d_value[c];
  }
}
