// Up to three linear layers on the same few rows, side by side:  out[r, first + j] = n(x[r]) . W[j] + b[j],  W = W_0 W_1 W_2 one below another.
// n is the RMS norm (Zhang & Sennrich 2019) with weight `norm` where NORM, else nothing. Its 1 / rms is a factor of the sum, so that one
// pass over x gives both. The first `biased` of the weights have biases, at most two: a kernel is given eight buffers.
//! include three_weights
struct Uniforms { rows: u32, depth: u32, stride: u32, groups: u32, n_0: u32, n_1: u32, n_2: u32, biased: u32, width: u32, first: u32, eps: f32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;          // [rows, stride]
@group(0) @binding(5) var<storage, read> norm: array<vec4<f32>>;       // [depth / 4], unread without NORM
@group(0) @binding(6) var<storage, read> bias_0: array<f32>;           // [n_0]
@group(0) @binding(7) var<storage, read> bias_1: array<f32>;           // [n_1]
@group(0) @binding(8) var<storage, read_write> out: array<f32>;        // [rows, width]

// The part that a group's columns lie in: its number, its columns before the group's, its columns, and where they begin in `out`.
struct Place { part: u32, column: u32, extent: u32, start: u32 }

fn place_of(group: u32) -> Place {
  let fours_0 = (u.n_0 + 3u) / 4u;
  let fours_1 = (u.n_1 + 3u) / 4u;
  var place = Place(0u, 4u * group, u.n_0, u.first);
  if (group >= fours_0) { place = Place(1u, 4u * (group - fours_0), u.n_1, u.first + u.n_0); }
  if (group >= fours_0 + fours_1) { place = Place(2u, 4u * (group - fours_0 - fours_1), u.n_2, u.first + u.n_0 + u.n_1); }
  return place;
}

fn group_columns(group: u32) -> Columns {
  let place = place_of(group);
  return Columns(place.part, row_starts(place.column, place.extent));
}

fn weight_columns(columns: Columns, depth: u32) -> mat4x4<f32> {
  let at = columns.starts + depth;
  var weights: mat4x4<f32>;
  switch columns.part {
    case 0u: { weights = quads_0(at); }
    case 1u: { weights = quads_1(at); }
    default: { weights = quads_2(at); }
  }
  if (NORM) { return scaled(weights, norm[depth >> 2u]); }
  return weights;
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
    if (place.part < u.biased) { value += select(bias_1[column], bias_0[column], place.part == 0u); }
    out[at + column] = value;
  }
}
