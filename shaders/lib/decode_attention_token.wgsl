// Query, key and value of the new token, four columns at a time: what decode_attention/thread and decode_attention/workgroup share.
//! include decode_attention_parts
const MOST_VECS = 32u;

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

fn rotated_query(row: u32, head: u32, c: u32) -> vec4<f32> {
  return u.scale * rotated(query_of(row, head, c), query_of(row, head, (c + u.vecs / 2u) % u.vecs), row, c);
}

fn rotated_key(row: u32, kv_head: u32, c: u32) -> vec4<f32> {
  return rotated(key_of(row, kv_head, c), key_of(row, kv_head, (c + u.vecs / 2u) % u.vecs), row, c);
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
