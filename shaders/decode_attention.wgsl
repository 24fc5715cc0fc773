// Attention of one new token a row over the cache, with its rotary turn and the writing of its own key and value.
// Formulas, shapes and bindings: lib/decode_attention_parts.
// One workgroup per (row, query head). All heads of a group need the new key and value before anybody has seen them in the cache: each
// makes its own copy, the first one writes. Keys go through workgroup memory CHUNK at a time, with a running softmax between the chunks:
// scores by a thread each, then weighted values by 64 / vecs threads for every four columns, vecs = columns of a head / 4.
// attend_alone: the same by one thread per (row, query head), with an online softmax and no barrier, for software adapters: eight threads a
// workgroup, so that every core of a processor has some.
//! include decode_attention_parts
//! include grid
const MOST_VECS = 32u;
const CHUNK = 1024u;

var<workgroup> query: array<vec4<f32>, MOST_VECS>;
var<workgroup> new_key: array<vec4<f32>, MOST_VECS>;
var<workgroup> new_value: array<vec4<f32>, MOST_VECS>;
var<workgroup> weights: array<f32, CHUNK>;      // scores at first
var<workgroup> lane_tops: array<f32, 64>;
var<workgroup> lane_sums: array<f32, 64>;
var<workgroup> lane_parts: array<vec4<f32>, 64>;

fn updated(projected: vec4<f32>, row: u32, column: u32, change: Update) -> vec4<f32> {
  var sum = vec4<f32>();
  for (var i = 0u; i < change.rank; i++) {
    let h = change.first + i;
    let b = change.b + column * change.rank + i;
    sum += qkv[row * u.stride + (h >> 2u)][h & 3u]
      * vec4<f32>(adapters[b], adapters[b + change.rank], adapters[b + 2u * change.rank], adapters[b + 3u * change.rank]);
  }
  return projected + change.scale * sum;
}

// Columns 4 c .. 4 c + 3 of a head of queries, keys and values.
fn query_of(row: u32, head: u32, c: u32) -> vec4<f32> {
  let at = head * u.vecs + c;
  return updated(qkv[row * u.stride + at], row, 4u * at, query_update());
}

fn key_of(row: u32, kv_head: u32, c: u32) -> vec4<f32> {
  let at = kv_head * u.vecs + c;
  return updated(qkv[row * u.stride + u.heads * u.vecs + at], row, 4u * at, key_update());
}

fn value_of(row: u32, kv_head: u32, c: u32) -> vec4<f32> {
  let at = kv_head * u.vecs + c;
  let value = updated(qkv[row * u.stride + (u.heads + u.kv_heads) * u.vecs + at], row, 4u * at, value_update());
  if (u.biased == 0u) { return value; }
  return value + value_bias[at];
}

fn turned_query(row: u32, head: u32, c: u32) -> vec4<f32> {
  return u.scale * turned(query_of(row, head, c), query_of(row, head, (c + u.vecs / 2u) % u.vecs), row, c);
}

fn turned_key(row: u32, kv_head: u32, c: u32) -> vec4<f32> {
  return turned(key_of(row, kv_head, c), key_of(row, kv_head, (c + u.vecs / 2u) % u.vecs), row, c);
}

// What columns 4 c .. 4 c + 3 of a head of the output add to four of its low-rank products, from product `i` on.
fn product_part(mixed: vec4<f32>, head: u32, c: u32, i: u32) -> vec4<f32> {
  let width = 4u * u.heads * u.vecs;
  var parts = vec4<f32>();
  for (var next = 0u; next < min(4u, u.o_rank - i); next++) {
    let a = u.o_a + (i + next) * width + 4u * (head * u.vecs + c);
    parts[next] = dot(mixed, vec4<f32>(adapters[a], adapters[a + 1u], adapters[a + 2u], adapters[a + 3u]));
  }
  return parts;
}

// Makes the token's query, key and value, and writes the latter two to the cache if this is the first head of its group.
fn begin(row: u32, head: u32, kv_head: u32, lane: u32) {
  let slot = ((spans[row].w - 1u) * u.kv_heads + kv_head) * u.vecs;
  if (lane < u.vecs) {
    let key = turned_key(row, kv_head, lane);
    let value = value_of(row, kv_head, lane);
    query[lane] = turned_query(row, head, lane);
    new_key[lane] = key;
    new_value[lane] = value;
    if (head % (u.heads / u.kv_heads) == 0u) {
      keys[slot + lane] = key;
      values[slot + lane] = value;
    }
  }
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
    let mixed = joined / all;
    out[row * u.out_stride + head * u.vecs + lane] = mixed;
    query[lane] = mixed;
  }
  workgroupBarrier();
  for (var four = lane; four < (u.o_rank + 3u) / 4u; four += 64u) {
    var products = vec4<f32>();
    for (var c = 0u; c < u.vecs; c++) { products += product_part(query[c], head, c, 4u * four); }
    out[part_place(row, head) + four] = products;
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
  let slot = ((span.w - 1u) * u.kv_heads + kv_head) * u.vecs;
  let is_first = head % (u.heads / u.kv_heads) == 0u;
  var own_query: array<vec4<f32>, MOST_VECS>;
  var weighted: array<vec4<f32>, MOST_VECS>;
  var products = vec4<f32>();
  for (var c = 0u; c < u.vecs; c++) {
    let key = turned_key(row, kv_head, c);
    let value = value_of(row, kv_head, c);
    own_query[c] = turned_query(row, head, c);
    weighted[c] = value;
    products += own_query[c] * key;
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
    for (var c = 0u; c < u.vecs; c++) { products += own_query[c] * keys[key + c]; }
    let score = dot(products, vec4<f32>(1.0));
    let top = max(largest, score);
    let shrink = exp(max(largest - top, -87.0));
    let p = exp(max(score - top, -87.0));
    largest = top;
    sum = sum * shrink + p;
    for (var c = 0u; c < u.vecs; c++) { weighted[c] = weighted[c] * shrink + p * values[key + c]; }
  }
  for (var c = 0u; c < u.vecs; c++) {
    weighted[c] /= sum;
    out[row * u.out_stride + head * u.vecs + c] = weighted[c];
  }
  for (var four = 0u; four < (u.o_rank + 3u) / 4u; four++) {
    products = vec4<f32>();
    for (var c = 0u; c < u.vecs; c++) { products += product_part(weighted[c], head, c, 4u * four); }
    out[part_place(row, head) + four] = products;
  }
}
