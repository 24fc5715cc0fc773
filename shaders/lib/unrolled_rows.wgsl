// A row of VECS vec4s in registers, for attention/thread-unrolled: eight blocks of four, all addressed by constants. No loop and no array that a
// counter indexes: SwiftShader compiles loops as they stand, and keeps such arrays in memory, where each lane's place is gathered by itself.
// Blocks that begin beyond VECS are not used; in the last one, the last vec4 stands for those beyond it, and as_factor makes them 0.
struct Row {
  a: mat4x4<f32>, b: mat4x4<f32>, c: mat4x4<f32>, d: mat4x4<f32>, e: mat4x4<f32>, f: mat4x4<f32>, g: mat4x4<f32>, h: mat4x4<f32>,
}

fn place(at: u32, n: u32) -> u32 { return at + min(n, VECS - 1u); }

fn q_four(at: u32, n: u32) -> mat4x4<f32> {
  return mat4x4<f32>(q[place(at, n)], q[place(at, n + 1u)], q[place(at, n + 2u)], q[place(at, n + 3u)]);
}

fn q_row(at: u32) -> Row {
  var row: Row;
  row.a = q_four(at, 0u);
  if (VECS > 4u) { row.b = q_four(at, 4u); }
  if (VECS > 8u) { row.c = q_four(at, 8u); }
  if (VECS > 12u) { row.d = q_four(at, 12u); }
  if (VECS > 16u) { row.e = q_four(at, 16u); }
  if (VECS > 20u) { row.f = q_four(at, 20u); }
  if (VECS > 24u) { row.g = q_four(at, 24u); }
  if (VECS > 28u) { row.h = q_four(at, 28u); }
  return row;
}

fn k_four(at: u32, n: u32) -> mat4x4<f32> {
  return mat4x4<f32>(k[place(at, n)], k[place(at, n + 1u)], k[place(at, n + 2u)], k[place(at, n + 3u)]);
}

fn k_row(at: u32) -> Row {
  var row: Row;
  row.a = k_four(at, 0u);
  if (VECS > 4u) { row.b = k_four(at, 4u); }
  if (VECS > 8u) { row.c = k_four(at, 8u); }
  if (VECS > 12u) { row.d = k_four(at, 12u); }
  if (VECS > 16u) { row.e = k_four(at, 16u); }
  if (VECS > 20u) { row.f = k_four(at, 20u); }
  if (VECS > 24u) { row.g = k_four(at, 24u); }
  if (VECS > 28u) { row.h = k_four(at, 28u); }
  return row;
}

fn v_four(at: u32, n: u32) -> mat4x4<f32> {
  return mat4x4<f32>(v[place(at, n)], v[place(at, n + 1u)], v[place(at, n + 2u)], v[place(at, n + 3u)]);
}

fn v_row(at: u32) -> Row {
  var row: Row;
  row.a = v_four(at, 0u);
  if (VECS > 4u) { row.b = v_four(at, 4u); }
  if (VECS > 8u) { row.c = v_four(at, 8u); }
  if (VECS > 12u) { row.d = v_four(at, 12u); }
  if (VECS > 16u) { row.e = v_four(at, 16u); }
  if (VECS > 20u) { row.f = v_four(at, 20u); }
  if (VECS > 24u) { row.g = v_four(at, 24u); }
  if (VECS > 28u) { row.h = v_four(at, 28u); }
  return row;
}

fn d_o_four(at: u32, n: u32) -> mat4x4<f32> {
  return mat4x4<f32>(d_o[place(at, n)], d_o[place(at, n + 1u)], d_o[place(at, n + 2u)], d_o[place(at, n + 3u)]);
}

fn d_o_row(at: u32) -> Row {
  var row: Row;
  row.a = d_o_four(at, 0u);
  if (VECS > 4u) { row.b = d_o_four(at, 4u); }
  if (VECS > 8u) { row.c = d_o_four(at, 8u); }
  if (VECS > 12u) { row.d = d_o_four(at, 12u); }
  if (VECS > 16u) { row.e = d_o_four(at, 16u); }
  if (VECS > 20u) { row.f = d_o_four(at, 20u); }
  if (VECS > 24u) { row.g = d_o_four(at, 24u); }
  if (VECS > 28u) { row.h = d_o_four(at, 28u); }
  return row;
}

// A block times a factor, 0 beyond the end of the row.
fn four_factors(four: mat4x4<f32>, factor: f32, n: u32) -> mat4x4<f32> {
  return mat4x4<f32>(
    four[0] * factor,
    select(vec4<f32>(), four[1] * factor, n + 1u < VECS),
    select(vec4<f32>(), four[2] * factor, n + 2u < VECS),
    select(vec4<f32>(), four[3] * factor, n + 3u < VECS));
}

fn as_factor(row: Row, factor: f32) -> Row {
  var result: Row;
  result.a = four_factors(row.a, factor, 0u);
  if (VECS > 4u) { result.b = four_factors(row.b, factor, 4u); }
  if (VECS > 8u) { result.c = four_factors(row.c, factor, 8u); }
  if (VECS > 12u) { result.d = four_factors(row.d, factor, 12u); }
  if (VECS > 16u) { result.e = four_factors(row.e, factor, 16u); }
  if (VECS > 20u) { result.f = four_factors(row.f, factor, 20u); }
  if (VECS > 24u) { result.g = four_factors(row.g, factor, 24u); }
  if (VECS > 28u) { result.h = four_factors(row.h, factor, 28u); }
  return result;
}

fn add_products(sum: vec4<f32>, x: mat4x4<f32>, y: mat4x4<f32>) -> vec4<f32> {
  return sum + x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3];
}

// x . y; one of them from as_factor.
fn dot_rows(x: Row, y: Row) -> f32 {
  var sum = vec4<f32>();
  sum = add_products(sum, x.a, y.a);
  if (VECS > 4u) { sum = add_products(sum, x.b, y.b); }
  if (VECS > 8u) { sum = add_products(sum, x.c, y.c); }
  if (VECS > 12u) { sum = add_products(sum, x.d, y.d); }
  if (VECS > 16u) { sum = add_products(sum, x.e, y.e); }
  if (VECS > 20u) { sum = add_products(sum, x.f, y.f); }
  if (VECS > 24u) { sum = add_products(sum, x.g, y.g); }
  if (VECS > 28u) { sum = add_products(sum, x.h, y.h); }
  return dot(sum, vec4<f32>(1.0));
}

// row += factor * other
fn add_row(row: ptr<function, Row>, factor: f32, other: Row) {
  (*row).a += factor * other.a;
  if (VECS > 4u) { (*row).b += factor * other.b; }
  if (VECS > 8u) { (*row).c += factor * other.c; }
  if (VECS > 12u) { (*row).d += factor * other.d; }
  if (VECS > 16u) { (*row).e += factor * other.e; }
  if (VECS > 20u) { (*row).f += factor * other.f; }
  if (VECS > 24u) { (*row).g += factor * other.g; }
  if (VECS > 28u) { (*row).h += factor * other.h; }
}

fn scale_row(row: ptr<function, Row>, factor: f32) {
  (*row).a *= factor;
  if (VECS > 4u) { (*row).b *= factor; }
  if (VECS > 8u) { (*row).c *= factor; }
  if (VECS > 12u) { (*row).d *= factor; }
  if (VECS > 16u) { (*row).e *= factor; }
  if (VECS > 20u) { (*row).f *= factor; }
  if (VECS > 24u) { (*row).g *= factor; }
  if (VECS > 28u) { (*row).h *= factor; }
}

// For what is done once a row: its vec4 c is fours[c / 4][c % 4].
fn fours_of(row: Row) -> array<mat4x4<f32>, 8> {
  return array<mat4x4<f32>, 8>(row.a, row.b, row.c, row.d, row.e, row.f, row.g, row.h);
}
