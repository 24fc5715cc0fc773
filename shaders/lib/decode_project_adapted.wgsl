// The projections of decode_project with the first factors of their adapters beside them, all from one reading of x:
//   out[r] = n(x) . W_0 + b_0 | n(x) . W_1 + b_1 | n(x) . W_2 | n(x) . A_0 | n(x) . A_1 | n(x) . A_2
// W_p has n_p rows and A_p r_p, which is 0 without an adapter. The A lie in `adapters`, A_p from index a_p on. NORM is true.
//! include three_weights
struct Uniforms {
  rows: u32, depth: u32, stride: u32, groups: u32, width: u32,
  n_0: u32, n_1: u32, n_2: u32, r_0: u32, r_1: u32, r_2: u32, a_0: u32, a_1: u32, a_2: u32, eps: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;          // [rows, stride], of which depth / 4 are read
@group(0) @binding(5) var<storage, read> norm: array<vec4<f32>>;       // [depth / 4]
@group(0) @binding(6) var<storage, read> biases: array<f32>;           // [n_0 + n_1]
@group(0) @binding(7) var<storage, read> adapters: array<vec4<f32>>;   // A_p [r_p, depth / 4] from a_p / 4 on
@group(0) @binding(8) var<storage, read_write> out: array<f32>;        // [rows, width]

// The part that a group's columns lie in: W_0 to W_2, A_0 to A_2; its first column of the group, its columns, and where they begin in `out`.
struct Place { part: u32, column: u32, extent: u32, start: u32 }

fn fours(extent: u32) -> u32 { return (extent + 3u) / 4u; }

// The next part, if the group lies behind this one; groups are counted from the beginning of this one.
fn beyond(place: Place, extent: u32) -> Place {
  if (place.column < 4u * fours(place.extent)) { return place; }
  return Place(place.part + 1u, place.column - 4u * fours(place.extent), extent, place.start + place.extent);
}

fn place_of(group: u32) -> Place {
  var place = Place(0u, 4u * group, u.n_0, 0u);
  if (place.part == 0u) { place = beyond(place, u.n_1); }
  if (place.part == 1u) { place = beyond(place, u.n_2); }
  if (place.part == 2u) { place = beyond(place, u.r_0); }
  if (place.part == 3u) { place = beyond(place, u.r_1); }
  if (place.part == 4u) { place = beyond(place, u.r_2); }
  return place;
}

fn group_columns(group: u32) -> Columns {
  let place = place_of(group);
  let starts = row_starts(place.column, place.extent);
  switch place.part {
    case 3u: { return Columns(3u, starts + u.a_0); }
    case 4u: { return Columns(3u, starts + u.a_1); }
    case 5u: { return Columns(3u, starts + u.a_2); }
    default: { return Columns(place.part, starts); }
  }
}

fn weight_columns(columns: Columns, depth: u32) -> mat4x4<f32> {
  let at = columns.starts + depth;
  var weights: mat4x4<f32>;
  switch columns.part {
    case 0u: { weights = quads_0(at); }
    case 1u: { weights = quads_1(at); }
    case 2u: { weights = quads_2(at); }
    default: {
      weights = mat4x4<f32>(adapters[at.x >> 2u], adapters[at.y >> 2u], adapters[at.z >> 2u], adapters[at.w >> 2u]);
    }
  }
  return scaled(weights, norm[depth >> 2u]);
}

fn low_rank_terms() -> u32 { return 0u; }
fn low_rank_weights(group: u32, term: u32) -> vec4<f32> { return vec4<f32>(); }
fn low_rank_input(row: u32, term: u32) -> f32 { return 0.0; }

fn finish(row: u32, group: u32, sums: vec4<f32>) {
  let place = place_of(group);
  let end = select(0u, min(4u, place.extent - place.column), row < u.rows && group < u.groups);
  let at = row * u.width + place.start;
  for (var column = place.column; column < place.column + end; column++) {
    var value = sums[column % 4u];
    if (place.part < 2u) { value += biases[place.start + column]; }
    out[at + column] = value;
  }
}
