// Matrix product by workgroups.  c[i,j] (+)= alpha * sum over l of A[i,l] * B[l,j]  (+ bias[j])  (+ addend[i,j])  (* silu(gate[i,j])): layouts and formats as in matmul.
// 256 threads make 64 * SIDES rows by 64 * SIDES columns of c: they read 16 depths of A and B into workgroup memory, once for all, and
// each takes from there what its 4x4 tile, or its four of them (SIDES = 2), needs.
// B_SHARED is vec4<f32>, or vec4<f16> for weights of 16 bits: half the memory, and sums in f32 all the same. A bf16 value below 2^-17 is
// then off by less than 2^-24; values that f16 cannot hold never come here (src/models/weights.ts).
// Extents are as for quads of matmul; depths beyond the end count as 0. Tiles of c: m[i] = row i over four columns.
//! include matmul_quads
const STEP = 16u;                            // depths in workgroup memory
const SPAN = 64u * SIDES;                    // rows, and columns, of a workgroup
var<workgroup> a_shared: array<vec4<f32>, SPAN * STEP / 4u>;  // four depths of a row at [quad of depths][row]; A_BY_DEPTH: [depth][quad of rows]
var<workgroup> b_shared: array<B_SHARED, SPAN * STEP / 4u>;  // four columns at [depth][quad of columns]; B_BY_COLUMN: see b_place

// Where four depths of a column lie: neighbouring threads read neighbouring places.
fn b_place(quad: u32, col: u32) -> u32 { return quad * SPAN + col / 64u * 64u + col % 4u * 16u + col % 64u / 4u; }

// Reads the i-th four values of the next 16 depths of A. Rows beyond m repeat the last.
fn share_a(i: u32, row: u32, depth: u32, end: u32) {
  if (A_BY_DEPTH) {
    let own = depth + i / (SPAN / 4u);
    let value = a_quad(min(own, u.k - 1u), min(row + 4u * (i % (SPAN / 4u)), u.m - 4u), u.m);
    a_shared[i] = select(vec4<f32>(), value, own < end);
    return;
  }
  let own = depth + 4u * (i % 4u);
  let value = a_quad(min(row + i / 4u, u.m - 1u), min(own, u.k - 4u), u.k);
  a_shared[i % 4u * SPAN + i / 4u] = select(vec4<f32>(), value, own < end);
}

// The same of B. Columns beyond n repeat the last.
fn share_b(i: u32, col: u32, depth: u32, end: u32) {
  if (B_BY_COLUMN) {
    let own = depth + 4u * (i % 4u);
    let value = b_quad(min(col + i / 4u, u.n - 1u), min(own, u.k - 4u), u.k);
    b_shared[b_place(i % 4u, i / 4u)] = B_SHARED(select(vec4<f32>(), value, own < end));
    return;
  }
  let own = depth + i / (SPAN / 4u);
  let value = b_quad(min(own, u.k - 1u), min(col + 4u * (i % (SPAN / 4u)), u.n - 4u), u.n);
  b_shared[i] = B_SHARED(select(vec4<f32>(), value, own < end));
}

// m[i] = four depths of row `row` + i.
fn a_tile(quad: u32, row: u32) -> mat4x4<f32> {
  if (A_BY_DEPTH) {
    let at = quad * SPAN + row / 4u;
    let next = SPAN / 4u;
    return transpose(mat4x4<f32>(a_shared[at], a_shared[at + next], a_shared[at + 2u * next], a_shared[at + 3u * next]));
  }
  let at = quad * SPAN + row;
  return mat4x4<f32>(a_shared[at], a_shared[at + 1u], a_shared[at + 2u], a_shared[at + 3u]);
}

fn b_at(place: u32) -> vec4<f32> { return vec4<f32>(b_shared[place]); }

// m[l] = columns `col` .. + 3 at depth l of four.
fn b_tile(quad: u32, col: u32) -> mat4x4<f32> {
  if (B_BY_COLUMN) {
    let at = b_place(quad, col);
    return transpose(mat4x4<f32>(b_at(at), b_at(at + 16u), b_at(at + 32u), b_at(at + 48u)));
  }
  let at = quad * SPAN + col / 4u;
  let next = SPAN / 4u;
  return mat4x4<f32>(b_at(at), b_at(at + next), b_at(at + 2u * next), b_at(at + 3u * next));
}

@compute @workgroup_size(256)
fn by_workgroups(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = SPAN * group.y;
  let col = SPAN * group.x;
  let own_row = 4u * (lane / 16u);
  let own_col = 4u * (lane % 16u);
  let end = min((group.z + 1u) * u.depth, u.k);
  var sums = mat4x4<f32>();
  var right = mat4x4<f32>();
  var below = mat4x4<f32>();
  var corner = mat4x4<f32>();
  for (var depth = group.z * u.depth; depth < end; depth += STEP) {
    workgroupBarrier();
    for (var side = 0u; side < SIDES; side++) {
      share_a(side * 256u + lane, row, depth, end);
      share_b(side * 256u + lane, col, depth, end);
    }
    workgroupBarrier();
    for (var quad = 0u; quad < STEP / 4u; quad++) {
      let a_top = a_tile(quad, own_row);
      let b_left = b_tile(quad, own_col);
      sums += b_left * a_top;
      if (SIDES > 1u) {
        let a_low = a_tile(quad, own_row + 64u % SPAN);
        let b_right = b_tile(quad, own_col + 64u % SPAN);
        right += b_right * a_top;
        below += b_left * a_low;
        corner += b_right * a_low;
      }
    }
  }
  store_quads(sums, row + own_row, col + own_col, group.z);
  if (SIDES > 1u) {
    store_quads(right, row + own_row, col + own_col + 64u, group.z);
    store_quads(below, row + own_row + 64u, col + own_col, group.z);
    store_quads(corner, row + own_row + 64u, col + own_col + 64u, group.z);
  }
}
