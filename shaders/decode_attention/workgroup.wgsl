// Attention of one new token a decode slot over the KV cache, by workgroups: one per (row, query head).
// Formulas, shapes and bindings: lib/decode_attention_parts; variants: decode_attention/thread.
// All heads of a group need the new key and value before they are in the KV cache: each makes its own copy, the first one writes. Keys go
// through workgroup memory CHUNK at a time, with a running softmax between the chunks: scores by a thread each, then weighted values by
// 64 / vecs threads for every four columns, vecs = columns of a head / 4.
//! include decode_attention_token
const CHUNK = 1024u;

var<workgroup> query: array<vec4<f32>, MOST_VECS>;
var<workgroup> new_key: array<vec4<f32>, MOST_VECS>;
var<workgroup> new_value: array<vec4<f32>, MOST_VECS>;
var<workgroup> weights: array<f32, CHUNK>;      // scores at first
var<workgroup> lane_tops: array<f32, 64>;
var<workgroup> lane_sums: array<f32, 64>;
var<workgroup> lane_parts: array<vec4<f32>, 64>;

// Makes the token's query, key and value, and writes the latter two to the KV cache if this is the first head of its group.
fn begin(row: u32, head: u32, kv_head: u32, lane: u32) {
  let slot = ((spans[row].w - 1u) * u.kv_heads + kv_head) * u.vecs;
  if (lane < u.vecs) {
    let key = rotated_key(row, kv_head, lane);
    let value = value_of(row, kv_head, lane);
    query[lane] = rotated_query(row, head, lane);
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
    var mixed_sum = vec4<f32>();
    for (var part = 0u; part < min(64u / u.vecs, lanes); part++) { mixed_sum += lane_parts[part * u.vecs + lane]; }
    let mixed = mixed_sum / all;
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
