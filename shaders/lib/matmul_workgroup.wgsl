// Matmul by workgroups.  c[i,j] (+)= alpha * sum over l of A[i,l] * B[l,j]  (+ bias[j])  (+ addend[i,j])  (* silu(gate[i,j])): layouts, formats and variants as in matmul/thread.
// 64 * SIDES threads make 64 * SIDES rows by 64 columns of c, each an 8x8 tile in registers: rows 4 r .. + 3 and as many half the
// workgroup's rows further, columns 4 t .. + 3 and as many 32 further, r = thread / 8, t = thread % 8. All read 16 depths of A and B into
// workgroup memory, once for all, while the 16 before are multiplied.
// Places there are permuted (`^`), so that neighbouring threads neither write nor read the same banks at a time.
// SharedB is how four values of B lie there: vec4<f32>, or vec4<f16>.
// Extents are as for quads of matmul; depths beyond the end count as 0 in A. Tiles of c: m[i] = row i over four columns.
//! include matmul_quads
//! include multiply_add
const STEP = 16u;                            // depths in workgroup memory
const THREADS = 64u * SIDES;                 // and rows
const COLS = 64u;
const HALF = 32u * SIDES;                    // from a thread's first four rows to its other four
var<workgroup> a_shared: array<vec4<f32>, THREADS * STEP / 4u>;  // four depths of a row at [quad of depths][row]; A_BY_DEPTH: [depth][quad of rows]
var<workgroup> b_shared: array<SharedB, COLS * STEP / 4u>;      // four columns at [depth][quad of columns]; B_BY_COLUMN: see b_place

// Where four depths of a row lie.
fn a_place(quad: u32, row: u32) -> u32 { return quad * THREADS + (row ^ (2u * quad)); }

// Where four depths of a column lie: columns 4 t + j of all threads t side by side.
fn b_place(quad: u32, half: u32, j: u32, t: u32) -> u32 {
  return quad * COLS + half * 32u + j * 8u + (t ^ ((2u * quad + (j & 1u)) & 7u));
}

// What a thread reads is the i-th four values of 16 depths, for i = thread, thread + THREADS, ...
fn own_depth(i: u32, by_depth: bool, extent: u32) -> u32 { return select(4u * (i % 4u), i / (extent / 4u), by_depth); }

// Rows beyond m repeat the last.
fn read_a(i: u32, row: u32, depth: u32) -> vec4<f32> {
  let own = depth + own_depth(i, A_BY_DEPTH, THREADS);
  if (A_BY_DEPTH) { return a_quad(min(own, u.k - 1u), min(row + 4u * (i % (THREADS / 4u)), u.m - 4u), u.m); }
  return a_quad(min(row + i / 4u, u.m - 1u), min(own, u.k - 4u), u.k);
}

// As it lies in memory: widening would wait for it. Columns beyond n repeat the last.
fn read_b(i: u32, col: u32, depth: u32) -> vec4<u32> {
  let own = depth + own_depth(i, !B_BY_COLUMN, COLS);
  if (B_BY_COLUMN) { return b_words(min(col + i / 4u, u.n - 1u), min(own, u.k - 4u), u.k); }
  return b_words(min(own, u.k - 1u), min(col + 4u * (i % (COLS / 4u)), u.n - 4u), u.n);
}

fn share_a(i: u32, value: vec4<f32>, depth: u32, end: u32) {
  let place = select(a_place(i % 4u, i / 4u), i, A_BY_DEPTH);
  a_shared[place] = select(vec4<f32>(), value, depth + own_depth(i, A_BY_DEPTH, THREADS) < end);
}

fn share_b(i: u32, words: vec4<u32>) {
  let col = i / 4u;
  let place = select(i, b_place(i % 4u, col / 32u, col % 4u, col % 32u / 4u), B_BY_COLUMN);
  b_shared[place] = SharedB(b_widened(words));
}

// m[i] = four depths of row `row` + i.
fn a_tile(quad: u32, row: u32) -> mat4x4<f32> {
  if (A_BY_DEPTH) {
    let at = quad * THREADS + row / 4u;
    let next = THREADS / 4u;
    return transpose(mat4x4<f32>(a_shared[at], a_shared[at + next], a_shared[at + 2u * next], a_shared[at + 3u * next]));
  }
  return mat4x4<f32>(
    a_shared[a_place(quad, row)], a_shared[a_place(quad, row + 1u)], a_shared[a_place(quad, row + 2u)], a_shared[a_place(quad, row + 3u)]);
}

fn b_at(place: u32) -> vec4<f32> { return vec4<f32>(b_shared[place]); }

// m[l] = the thread's four columns of a half at depth l of four.
fn b_tile(quad: u32, half: u32, t: u32) -> mat4x4<f32> {
  if (B_BY_COLUMN) {
    return transpose(mat4x4<f32>(
      b_at(b_place(quad, half, 0u, t)), b_at(b_place(quad, half, 1u, t)), b_at(b_place(quad, half, 2u, t)), b_at(b_place(quad, half, 3u, t))));
  }
  let at = quad * COLS + 8u * half + t;
  let next = COLS / 4u;
  return mat4x4<f32>(b_at(at), b_at(at + next), b_at(at + 2u * next), b_at(at + 3u * next));
}

// Four rows over four columns, four depths later.
fn tile_sums(sums: mat4x4<f32>, a: mat4x4<f32>, b: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(multiply_added(sums[0], a[0], b), multiply_added(sums[1], a[1], b), multiply_added(sums[2], a[2], b), multiply_added(sums[3], a[3], b));
}

// b_2 and b_3 are read where SIDES = 1.
// All that the kernel does; every thread of the workgroup must call.
fn make_tiles(group: vec3<u32>, thread: u32) {
  let row = THREADS * group.y;
  let col = COLS * group.x;
  let own_row = 4u * (thread / 8u);
  let t = thread % 8u;
  let start = group.z * u.depth;
  let end = min(start + u.depth, u.k);
  var top_left = mat4x4<f32>();
  var top_right = mat4x4<f32>();
  var low_left = mat4x4<f32>();
  var low_right = mat4x4<f32>();
  var a_0 = read_a(thread, row, start);
  var a_1 = read_a(thread + THREADS, row, start);
  var a_2 = read_a(thread + 2u * THREADS, row, start);
  var a_3 = read_a(thread + 3u * THREADS, row, start);
  var b_0 = read_b(thread, col, start);
  var b_1 = read_b(thread + THREADS, col, start);
  var b_2 = vec4<u32>();
  var b_3 = vec4<u32>();
  if (SIDES == 1u) {
    b_2 = read_b(thread + 2u * THREADS, col, start);
    b_3 = read_b(thread + 3u * THREADS, col, start);
  }
  for (var depth = start; depth < end; depth += STEP) {
    workgroupBarrier();
    share_a(thread, a_0, depth, end);
    share_a(thread + THREADS, a_1, depth, end);
    share_a(thread + 2u * THREADS, a_2, depth, end);
    share_a(thread + 3u * THREADS, a_3, depth, end);
    share_b(thread, b_0);
    share_b(thread + THREADS, b_1);
    if (SIDES == 1u) {
      share_b(thread + 2u * THREADS, b_2);
      share_b(thread + 3u * THREADS, b_3);
    }
    workgroupBarrier();
    let next = depth + STEP;
    a_0 = read_a(thread, row, next);
    a_1 = read_a(thread + THREADS, row, next);
    a_2 = read_a(thread + 2u * THREADS, row, next);
    a_3 = read_a(thread + 3u * THREADS, row, next);
    b_0 = read_b(thread, col, next);
    b_1 = read_b(thread + THREADS, col, next);
    if (SIDES == 1u) {
      b_2 = read_b(thread + 2u * THREADS, col, next);
      b_3 = read_b(thread + 3u * THREADS, col, next);
    }
    // Unrolled: with the quad a variable, its places in workgroup memory would be computed again for each of the four.
    var left = b_tile(0u, 0u, t);
    var right = b_tile(0u, 1u, t);
    var rows = a_tile(0u, own_row);
    top_left = tile_sums(top_left, rows, left);
    top_right = tile_sums(top_right, rows, right);
    rows = a_tile(0u, own_row + HALF);
    low_left = tile_sums(low_left, rows, left);
    low_right = tile_sums(low_right, rows, right);
    left = b_tile(1u, 0u, t);
    right = b_tile(1u, 1u, t);
    rows = a_tile(1u, own_row);
    top_left = tile_sums(top_left, rows, left);
    top_right = tile_sums(top_right, rows, right);
    rows = a_tile(1u, own_row + HALF);
    low_left = tile_sums(low_left, rows, left);
    low_right = tile_sums(low_right, rows, right);
    left = b_tile(2u, 0u, t);
    right = b_tile(2u, 1u, t);
    rows = a_tile(2u, own_row);
    top_left = tile_sums(top_left, rows, left);
    top_right = tile_sums(top_right, rows, right);
    rows = a_tile(2u, own_row + HALF);
    low_left = tile_sums(low_left, rows, left);
    low_right = tile_sums(low_right, rows, right);
    left = b_tile(3u, 0u, t);
    right = b_tile(3u, 1u, t);
    rows = a_tile(3u, own_row);
    top_left = tile_sums(top_left, rows, left);
    top_right = tile_sums(top_right, rows, right);
    rows = a_tile(3u, own_row + HALF);
    low_left = tile_sums(low_left, rows, left);
    low_right = tile_sums(low_right, rows, right);
  }
  let first_row = row + own_row;
  let first_col = col + 4u * t;
  store_quads(top_left, first_row, first_col, group.z);
  store_quads(top_right, first_row, first_col + 32u, group.z);
  store_quads(low_left, first_row + HALF, first_col, group.z);
  store_quads(low_right, first_row + HALF, first_col + 32u, group.z);
}
