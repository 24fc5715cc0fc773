// Attention of one new token a decode slot over the KV cache, by threads: one thread per (row, query head), with an online softmax and no
// barrier, for software adapters. Eight threads a workgroup, so that every core of a processor has some.
// Formulas, shapes and bindings: lib/decode_attention_parts. Variants:
//   thread     this one
//   workgroup  64 threads share a head's keys by way of workgroup memory
//   subgroup   256 threads share them, teams of a few lanes reading each key side by side
//! include decode_attention_token
//! include grid

@compute @workgroup_size(8)
fn attend(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
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
    let key = rotated_key(row, kv_head, c);
    let value = value_of(row, kv_head, c);
    own_query[c] = rotated_query(row, head, c);
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
