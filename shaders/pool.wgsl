// Means of row groups, and bilinear halving of maps. All results are overwritten; one thread per element of the result.
//   average:  y[j, c] = mean over g of x[j * group + g, c];         rows beyond the last whole group are dropped
//   halve:    y[t, i, j, c] = bilinear sample of x[t, :, :, c] at ((i + 1/2) H / H' - 1/2, (j + 1/2) W / W' - 1/2)
// with H' = ceil(H / 2), W' = ceil(W / 2): half-pixel centres, no antialiasing. For even sides it is the 2x2 mean.
//! include grid
struct Uniforms { rows: u32, cols: u32, group: u32, frames: u32, height: u32, width: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // average [rows, cols]; halve [T, H, W, cols]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;         // [rows / group, cols]; [T, H', W', cols]
@group(0) @binding(3) var<storage, read> dy: array<f32>;              // as y
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;        // as x

@compute @workgroup_size(64)
fn average(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.rows / u.group * u.cols) { return; }
  let start = i / u.cols * u.group * u.cols + i % u.cols;
  var sum = 0.0;
  for (var g = 0u; g < u.group; g++) { sum += x[start + g * u.cols]; }
  y[i] = sum / f32(u.group);
}

@compute @workgroup_size(64)
fn average_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.rows * u.cols) { return; }
  let pooled = i / u.cols / u.group;
  var value = 0.0;
  if (pooled < u.rows / u.group) { value = dy[pooled * u.cols + i % u.cols] / f32(u.group); }
  dx[i] = value;
}

struct Sample { low: u32, high: u32, fraction: f32 }

// Where output `o` of ceil(extent / 2) reads along an axis: the coordinate is ((2o + 1) extent - half) / (2 half) >= 0.
fn sample_axis(o: u32, extent: u32) -> Sample {
  let half = (extent + 1u) / 2u;
  let numerator = (2u * o + 1u) * extent - half;
  let low = numerator / (2u * half);
  return Sample(low, min(low + 1u, extent - 1u), f32(numerator % (2u * half)) / f32(2u * half));
}

// Weight with which output `o` reads input `i`.
fn axis_weight(o: u32, i: u32, extent: u32) -> f32 {
  let s = sample_axis(o, extent);
  return select(0.0, 1.0 - s.fraction, s.low == i) + select(0.0, s.fraction, s.high == i);
}

@compute @workgroup_size(64)
fn halve(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  let half_height = (u.height + 1u) / 2u;
  let half_width = (u.width + 1u) / 2u;
  if (i >= u.frames * half_height * half_width * u.cols) { return; }
  let c = i % u.cols;
  let pixel = i / u.cols;
  let v = sample_axis(pixel / half_width % half_height, u.height);
  let h = sample_axis(pixel % half_width, u.width);
  let start = pixel / (half_width * half_height) * u.height;
  let top = mix(x[((start + v.low) * u.width + h.low) * u.cols + c], x[((start + v.low) * u.width + h.high) * u.cols + c], h.fraction);
  let bottom = mix(x[((start + v.high) * u.width + h.low) * u.cols + c], x[((start + v.high) * u.width + h.high) * u.cols + c], h.fraction);
  y[i] = mix(top, bottom, v.fraction);
}

// An input lies within less than one pixel of the coordinates of its readers: the output it falls in, or a neighbour.
@compute @workgroup_size(64)
fn halve_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.frames * u.height * u.width * u.cols) { return; }
  let half_height = (u.height + 1u) / 2u;
  let half_width = (u.width + 1u) / 2u;
  let c = i % u.cols;
  let pixel = i / u.cols;
  let row = pixel / u.width % u.height;
  let col = pixel % u.width;
  let start = pixel / (u.width * u.height) * half_height;
  let centre_row = (2u * row + 1u) * half_height / (2u * u.height);
  let centre_col = (2u * col + 1u) * half_width / (2u * u.width);
  var sum = 0.0;
  for (var v = max(centre_row, 1u) - 1u; v <= min(centre_row + 1u, half_height - 1u); v++) {
    for (var h = max(centre_col, 1u) - 1u; h <= min(centre_col + 1u, half_width - 1u); h++) {
      let weight = axis_weight(v, row, u.height) * axis_weight(h, col, u.width);
      sum += weight * dy[((start + v) * half_width + h) * u.cols + c];
    }
  }
  dx[i] = sum;
}
