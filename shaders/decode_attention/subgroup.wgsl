// Attention of one new token a row over the KV cache, by subgroups.
// Formulas, shapes and bindings: lib/decode_attention_parts. Here a head has VECS vec4, a power of two from 4 to SUBGROUP.
// One workgroup of 256 threads per (row, query head). First every thread makes scalars of the new query, key and value, which are then
// rotated. Then each WIDTH neighbouring threads, a team, go through a share of the keys, four at a time, with a running softmax: a team's
// threads hold four vec4 of a row each, WIDTH apart, and add their products up. Teams are reduced within subgroups, then over them.
// Neighbouring threads lie in one subgroup: src/ops/decode/tune-decode.ts sees to it that nothing is computed here where they do not.
enable subgroups;
//! include decode_attention_parts
const THREADS = 256u;
const SUBGROUPS_HERE = THREADS / SUBGROUP;
const WIDTH = VECS / 4u;
const TEAMS = THREADS / WIDTH;
const COLUMNS = 4u * VECS;
const ROUND = THREADS / VECS;                  // low-rank products made at a time
alias Part = mat4x4<f32>;                      // of a row: a thread's four vec4, in registers

var<workgroup> unrotated: array<f32, 3u * COLUMNS>;   // query, key, value
var<workgroup> query: array<vec4<f32>, VECS>;
var<workgroup> new_key: array<vec4<f32>, VECS>;
var<workgroup> new_value: array<vec4<f32>, VECS>;
var<workgroup> subgroup_tops: array<f32, SUBGROUPS_HERE>;
var<workgroup> subgroup_sums: array<f32, SUBGROUPS_HERE>;
var<workgroup> subgroup_parts: array<vec4<f32>, SUBGROUPS_HERE * VECS>;
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
  let whole = value + update_of(row, own, value_update());
  if (u.biased == 0u) { return whole; }
  return whole + value_bias[own / 4u][own % 4u];
}

fn unrotated_quad(part: u32, c: u32) -> vec4<f32> {
  let at = part * COLUMNS + 4u * c;
  return vec4<f32>(unrotated[at], unrotated[at + 1u], unrotated[at + 2u], unrotated[at + 3u]);
}

// Makes the token's query, key and value, and writes the latter two to the KV cache if this is the first head of its group.
fn begin_token(row: u32, head: u32, kv_head: u32, thread: u32) {
  for (var i = thread; i < 3u * COLUMNS; i += THREADS) {
    unrotated[i] = projected(row, i / COLUMNS, head, kv_head, i % COLUMNS);
  }
  workgroupBarrier();
  let slot = ((spans[row].w - 1u) * u.kv_heads + kv_head) * VECS;
  let is_first = head % (u.heads / u.kv_heads) == 0u;
  let c = thread % VECS;
  let other = (c + VECS / 2u) % VECS;
  if (thread < VECS) { query[c] = u.scale * rotated(unrotated_quad(0u, c), unrotated_quad(0u, other), row, c); }
  if (thread / VECS == 1u) {
    new_key[c] = rotated(unrotated_quad(1u, c), unrotated_quad(1u, other), row, c);
    if (is_first) { keys[slot + c] = new_key[c]; }
  }
  if (thread / VECS == 2u) {
    new_value[c] = unrotated_quad(2u, c);
    if (is_first) { values[slot + c] = new_value[c]; }
  }
  workgroupBarrier();
}

// The sum over a team.
fn team_sum(value: f32) -> f32 {
  var sum = value;
  if (WIDTH > 1u) { sum += subgroupShuffleXor(sum, 1u); }
  if (WIDTH > 2u) { sum += subgroupShuffleXor(sum, 2u); }
  if (WIDTH > 4u) { sum += subgroupShuffleXor(sum, 4u); }
  return sum;
}

// The thread's part of a key, or a value, that starts at `at` of the KV cache.
fn key_part(at: u32) -> Part { return Part(keys[at], keys[at + WIDTH], keys[at + 2u * WIDTH], keys[at + 3u * WIDTH]); }
fn value_part(at: u32) -> Part { return Part(values[at], values[at + WIDTH], values[at + 2u * WIDTH], values[at + 3u * WIDTH]); }

fn score(own: Part, key: Part) -> f32 {
  return team_sum(dot(own[0] * key[0] + own[1] * key[1] + own[2] * key[2] + own[3] * key[3], vec4<f32>(1.0)));
}

// Column c of the output, from what the subgroups left.
fn mixed_quad(c: u32) -> vec4<f32> {
  var largest = LOWEST;
  for (var part = 0u; part < SUBGROUPS_HERE; part++) { largest = max(largest, subgroup_tops[part]); }
  var sum = 0.0;
  var weighted = vec4<f32>();
  for (var part = 0u; part < SUBGROUPS_HERE; part++) {
    let share = exp(max(subgroup_tops[part] - largest, -87.0));
    sum += share * subgroup_sums[part];
    weighted += share * subgroup_parts[part * VECS + c];
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
  // The first team begins with the new key. All teams go the same number of turns.
  let team = thread / WIDTH;
  let corner = thread % WIDTH;
  let is_first = team == 0u;
  let own_query = Part(query[corner], query[corner + WIDTH], query[corner + 2u * WIDTH], query[corner + 3u * WIDTH]);
  let own_key = Part(new_key[corner], new_key[corner + WIDTH], new_key[corner + 2u * WIDTH], new_key[corner + 3u * WIDTH]);
  let own_value = Part(new_value[corner], new_value[corner + WIDTH], new_value[corner + 2u * WIDTH], new_value[corner + 3u * WIDTH]);
  var sum = select(0.0, 1.0, is_first);
  var largest = select(LOWEST, score(own_query, own_key), is_first);
  var weighted = sum * own_value;
  for (var first = 0u; first < own; first += 4u * TEAMS) {
    let n = first + team + TEAMS * vec4<u32>(0u, 1u, 2u, 3u);
    let key_0 = key_part(cached(span, min(n.x, own - 1u), kv_head) + corner);
    let key_1 = key_part(cached(span, min(n.y, own - 1u), kv_head) + corner);
    let key_2 = key_part(cached(span, min(n.z, own - 1u), kv_head) + corner);
    let key_3 = key_part(cached(span, min(n.w, own - 1u), kv_head) + corner);
    let value_0 = value_part(cached(span, min(n.x, own - 1u), kv_head) + corner);
    let value_1 = value_part(cached(span, min(n.y, own - 1u), kv_head) + corner);
    let value_2 = value_part(cached(span, min(n.z, own - 1u), kv_head) + corner);
    let value_3 = value_part(cached(span, min(n.w, own - 1u), kv_head) + corner);
    let products = vec4<f32>(score(own_query, key_0), score(own_query, key_1), score(own_query, key_2), score(own_query, key_3));
    let is_seen = n < vec4<u32>(own);
    let scores = select(vec4<f32>(LOWEST), products, is_seen);
    let top = max(max(largest, max(scores.x, scores.y)), max(scores.z, scores.w));
    let shrink = exp(max(largest - top, -87.0));
    let p = select(vec4<f32>(), exp(max(scores - top, vec4<f32>(-87.0))), is_seen);
    largest = top;
    sum = sum * shrink + p.x + p.y + p.z + p.w;
    weighted = shrink * weighted + p.x * value_0 + p.y * value_1 + p.z * value_2 + p.w * value_3;
  }
  for (var bit = WIDTH; bit < SUBGROUP; bit <<= 1u) {
    let top = max(largest, subgroupShuffleXor(largest, bit));
    let shrink = exp(max(largest - top, -87.0));
    largest = top;
    sum *= shrink;
    sum += subgroupShuffleXor(sum, bit);
    weighted = shrink * weighted;
    weighted += Part(
      subgroupShuffleXor(weighted[0], bit), subgroupShuffleXor(weighted[1], bit),
      subgroupShuffleXor(weighted[2], bit), subgroupShuffleXor(weighted[3], bit));
  }
  let place = thread / SUBGROUP;
  if (thread % SUBGROUP < WIDTH) {
    subgroup_tops[place] = largest;
    subgroup_sums[place] = sum;
    let at = place * VECS + corner;
    subgroup_parts[at] = weighted[0];
    subgroup_parts[at + WIDTH] = weighted[1];
    subgroup_parts[at + 2u * WIDTH] = weighted[2];
    subgroup_parts[at + 3u * WIDTH] = weighted[3];
  }
  workgroupBarrier();
  if (thread < VECS) {
    mixed[thread] = mixed_quad(thread);
    out[row * u.out_stride + head * VECS + thread] = mixed[thread];
  }
  workgroupBarrier();
  leave_products(row, head, thread);
}
