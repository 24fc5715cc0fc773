// Attention of one new token a row over the cache, with its rotary turn and the writing of its own key and value, by subgroups.
// Formulas, shapes and bindings: lib/decode_attention_parts. Here a head has VECS vec4, a power of two from 4 to SUBGROUP.
// One workgroup of 256 threads per (row, query head). First every thread makes scalars of the new query, key and value, which are then
// turned. Then each four neighbouring threads, a quad, go through a share of the keys, KEYS at a time, with a running softmax: a quad's
// threads hold every fourth vec4 of a row each and add their products up. Quads are joined within subgroups, then over them.
// Neighbouring threads lie in one subgroup: src/ops/tune-decode.ts sees to it that nothing is computed here where they do not.
enable subgroups;
//! include decode_attention_parts
const THREADS = 256u;
const TEAMS = THREADS / SUBGROUP;
const QUADS = THREADS / 4u;
const SHARE = VECS / 4u;                       // vec4 of a row that a thread holds
const KEYS = select(1u, 2u, VECS <= 16u);      // more would not fit the registers
const COLUMNS = 4u * VECS;
const ROUND = THREADS / VECS;                  // low-rank products made at a time
alias Part = array<vec4<f32>, SHARE>;

var<workgroup> unturned: array<f32, 3u * COLUMNS>;   // query, key, value
var<workgroup> query: array<vec4<f32>, VECS>;
var<workgroup> new_key: array<vec4<f32>, VECS>;
var<workgroup> new_value: array<vec4<f32>, VECS>;
var<workgroup> team_tops: array<f32, TEAMS>;
var<workgroup> team_sums: array<f32, TEAMS>;
var<workgroup> team_parts: array<vec4<f32>, TEAMS * VECS>;
var<workgroup> mixed: array<vec4<f32>, VECS>;
var<workgroup> low_rank: array<f32, ROUND>;

// s h . B of one column; four terms a turn, those beyond the rank 0.
fn update_of(row: u32, column: u32, change: Update) -> f32 {
  if (change.rank == 0u) { return 0.0; }
  var sum = vec4<f32>();
  let last = change.rank - 1u;
  for (var i = 0u; i < change.rank; i += 4u) {
    let terms = min(i + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(last));
    let b = change.b + column * change.rank + terms;
    let h = row * 4u * u.stride + change.first + terms;
    let inputs = vec4<f32>(
      qkv[h.x >> 2u][h.x & 3u], qkv[h.y >> 2u][h.y & 3u], qkv[h.z >> 2u][h.z & 3u], qkv[h.w >> 2u][h.w & 3u]);
    let product = inputs * vec4<f32>(adapters[b.x], adapters[b.y], adapters[b.z], adapters[b.w]);
    sum += select(vec4<f32>(), product, i + vec4<u32>(0u, 1u, 2u, 3u) <= vec4<u32>(last));
  }
  return change.scale * dot(sum, vec4<f32>(1.0));
}

// Column `column` of the new query (part 0), key (1) or value (2), counted over the heads.
fn projected(row: u32, part: u32, head: u32, kv_head: u32, column: u32) -> f32 {
  let own = select(kv_head, head, part == 0u) * COLUMNS + column;
  let before = select(select(u.heads + u.kv_heads, u.heads, part == 1u), 0u, part == 0u) * COLUMNS;
  let value = qkv[row * u.stride + (before + own) / 4u][own % 4u];
  if (part == 0u) { return value + update_of(row, own, query_update()); }
  if (part == 1u) { return value + update_of(row, own, key_update()); }
  return value + update_of(row, own, value_update()) + value_bias[own / 4u][own % 4u];
}

fn unturned_quad(part: u32, c: u32) -> vec4<f32> {
  let at = part * COLUMNS + 4u * c;
  return vec4<f32>(unturned[at], unturned[at + 1u], unturned[at + 2u], unturned[at + 3u]);
}

// Makes the token's query, key and value, and writes the latter two to the cache if this is the first head of its group.
fn begin_token(row: u32, head: u32, kv_head: u32, thread: u32) {
  for (var i = thread; i < 3u * COLUMNS; i += THREADS) {
    unturned[i] = projected(row, i / COLUMNS, head, kv_head, i % COLUMNS);
  }
  workgroupBarrier();
  let slot = ((spans[row].w - 1u) * u.kv_heads + kv_head) * VECS;
  let is_first = head % (u.heads / u.kv_heads) == 0u;
  let c = thread % VECS;
  let other = (c + VECS / 2u) % VECS;
  if (thread < VECS) { query[c] = u.scale * turned(unturned_quad(0u, c), unturned_quad(0u, other), row, c); }
  if (thread / VECS == 1u) {
    new_key[c] = turned(unturned_quad(1u, c), unturned_quad(1u, other), row, c);
    if (is_first) { keys[slot + c] = new_key[c]; }
  }
  if (thread / VECS == 2u) {
    new_value[c] = unturned_quad(2u, c);
    if (is_first) { values[slot + c] = new_value[c]; }
  }
  workgroupBarrier();
}

// The sum over a quad.
fn quad_sum(value: f32) -> f32 {
  let pair = value + subgroupShuffleXor(value, 1u);
  return pair + subgroupShuffleXor(pair, 2u);
}

struct Softmax { largest: f32, sum: f32, weighted: Part }

fn product(own: Part, at: u32) -> f32 {
  var sums = vec4<f32>();
  for (var c = 0u; c < SHARE; c++) { sums += own[c] * keys[at + 4u * c]; }
  return dot(sums, vec4<f32>(1.0));
}

// The softmax over the keys of a quad; the first quad begins with the new key. All quads go the same number of turns.
fn walk(span: vec4<u32>, own: u32, kv_head: u32, quad: u32, corner: u32) -> Softmax {
  var state: Softmax;
  var own_query: Part;
  var new_product = vec4<f32>();
  for (var c = 0u; c < SHARE; c++) {
    own_query[c] = query[4u * c + corner];
    new_product += own_query[c] * new_key[4u * c + corner];
    state.weighted[c] = select(vec4<f32>(), new_value[4u * c + corner], quad == 0u);
  }
  state.largest = select(LOWEST, quad_sum(dot(new_product, vec4<f32>(1.0))), quad == 0u);
  state.sum = select(0.0, 1.0, quad == 0u);
  for (var start = 0u; start < own; start += QUADS * KEYS) {
    let n_0 = start + quad;
    let n_1 = n_0 + QUADS;
    let at_0 = cached(span, min(n_0, own - 1u), kv_head) + corner;
    let at_1 = cached(span, min(n_1, own - 1u), kv_head) + corner;
    let own_0 = product(own_query, at_0);
    var own_1 = 0.0;
    if (KEYS > 1u) { own_1 = product(own_query, at_1); }
    let score_0 = select(LOWEST, quad_sum(own_0), n_0 < own);
    let score_1 = select(LOWEST, quad_sum(own_1), KEYS > 1u && n_1 < own);
    let top = max(state.largest, max(score_0, score_1));
    let shrink = exp(max(state.largest - top, -87.0));
    let p_0 = select(0.0, exp(max(score_0 - top, -87.0)), n_0 < own);
    let p_1 = select(0.0, exp(max(score_1 - top, -87.0)), KEYS > 1u && n_1 < own);
    state.largest = top;
    state.sum = state.sum * shrink + p_0 + p_1;
    for (var c = 0u; c < SHARE; c++) {
      var change = p_0 * values[at_0 + 4u * c];
      if (KEYS > 1u) { change += p_1 * values[at_1 + 4u * c]; }
      state.weighted[c] = state.weighted[c] * shrink + change;
    }
  }
  return state;
}

// Joins the quads of a subgroup.
fn joined(quads: Softmax) -> Softmax {
  var state = quads;
  for (var bit = 4u; bit < SUBGROUP; bit <<= 1u) {
    let top = max(state.largest, subgroupShuffleXor(state.largest, bit));
    let shrink = exp(max(state.largest - top, -87.0));
    state.largest = top;
    state.sum *= shrink;
    state.sum += subgroupShuffleXor(state.sum, bit);
    for (var c = 0u; c < SHARE; c++) {
      state.weighted[c] *= shrink;
      state.weighted[c] += subgroupShuffleXor(state.weighted[c], bit);
    }
  }
  return state;
}

// Column c of the output, from what the subgroups left.
fn mixed_quad(c: u32) -> vec4<f32> {
  var largest = LOWEST;
  for (var team = 0u; team < TEAMS; team++) { largest = max(largest, team_tops[team]); }
  var sum = 0.0;
  var weighted = vec4<f32>();
  for (var team = 0u; team < TEAMS; team++) {
    let share = exp(max(team_tops[team] - largest, -87.0));
    sum += share * team_sums[team];
    weighted += share * team_parts[team * VECS + c];
  }
  return weighted / sum;
}

// This head's part of the low-rank products A_o . out, ROUND at a time: VECS threads add up each.
fn leave_products(row: u32, head: u32, thread: u32) {
  let width = u.heads * COLUMNS;
  let c = thread % VECS;
  for (var first = 0u; first < u.o_rank; first += ROUND) {
    let i = first + thread / VECS;
    let a = u.o_a + min(i, u.o_rank - 1u) * width + 4u * (head * VECS + c);
    var sum = dot(mixed[c], vec4<f32>(adapters[a], adapters[a + 1u], adapters[a + 2u], adapters[a + 3u]));
    for (var bit = 1u; bit < VECS; bit <<= 1u) { sum += subgroupShuffleXor(sum, bit); }
    if (c == 0u) { low_rank[thread / VECS] = select(0.0, sum, i < u.o_rank); }
    workgroupBarrier();
    if (thread < ROUND / 4u && first + 4u * thread < u.o_rank) {
      let at = 4u * thread;
      out[part_place(row, head) + first / 4u + thread] = vec4<f32>(low_rank[at], low_rank[at + 1u], low_rank[at + 2u], low_rank[at + 3u]);
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(THREADS)
fn attend(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = workgroup.x;
  let row = workgroup.y;
  let kv_head = head / (u.heads / u.kv_heads);
  let span = spans[row];
  let own = span.y - span.x + span.w - span.z - 1u;   // number of the new key: the last
  begin_token(row, head, kv_head, thread);
  let corner = thread % 4u;
  let state = joined(walk(span, own, kv_head, thread / 4u, corner));
  let team = thread / SUBGROUP;
  if (thread % SUBGROUP < 4u) {
    team_tops[team] = state.largest;
    team_sums[team] = state.sum;
    for (var c = 0u; c < SHARE; c++) { team_parts[team * VECS + 4u * c + corner] = state.weighted[c]; }
  }
  workgroupBarrier();
  if (thread < VECS) {
    mixed[thread] = mixed_quad(thread);
    out[row * u.out_stride + head * VECS + thread] = mixed[thread];
  }
  workgroupBarrier();
  leave_products(row, head, thread);
}
