// Rows by index, and the gradient of that.
//   gather      y[j] = x[index[j] - first] where x, which holds rows first .. first + held of the whole, has that row;
//               elsewhere 0 if `fresh`, else untouched: the shards of one table are gathered one after another
// Backward, a scatter-add in a fixed order, as an index may come up again:
//   chain       links[j] = (next j' > j with the same index or NONE, whether no j' < j has it)       one thread per j
//   add_chains  dx[index[j] - first] += sum of dy along the chain of j, for every j that leads one   one thread per element
//! include grid
//! include weight
struct Uniforms { count: u32, cols: u32, first: u32, held: u32, fresh: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<u32>;                 // [held, cols] in WEIGHT_FORMAT
@group(0) @binding(2) var<storage, read> index: array<u32>;             // [count]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;           // [count, cols]
@group(0) @binding(4) var<storage, read_write> links: array<vec2<u32>>; // [count]
@group(0) @binding(5) var<storage, read> chains: array<vec2<u32>>;      // [count], the links
@group(0) @binding(6) var<storage, read> dy: array<f32>;                // [count, cols]
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;          // [held, cols], accumulated

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn gather(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count * u.cols) { return; }
  let row = index[i / u.cols];
  if (row >= u.first && row - u.first < u.held) {
    let at = (row - u.first) * u.cols + i % u.cols;
    y[i] = weight_value(x[weight_word(at)], x[weight_scale_word(at)], at);
  } else if (u.fresh != 0u) {
    y[i] = 0.0;
  }
}

@compute @workgroup_size(64)
fn chain(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let j = linear_workgroup(group, grid) * 64u + lane;
  if (j >= u.count) { return; }
  let row = index[j];
  var leads = 1u;
  for (var before = 0u; before < j; before++) {
    if (index[before] == row) { leads = 0u; break; }
  }
  var next = NONE;
  for (var after = j + 1u; after < u.count; after++) {
    if (index[after] == row) { next = after; break; }
  }
  links[j] = vec2<u32>(next, leads);
}

@compute @workgroup_size(64)
fn add_chains(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  if (i >= u.count * u.cols) { return; }
  var j = i / u.cols;
  let row = index[j];
  if (chains[j].y == 0u || row < u.first || row - u.first >= u.held) { return; }
  var sum = 0.0;
  while (j != NONE) {
    sum += dy[j * u.cols + i % u.cols];
    j = chains[j].x;
  }
  dx[(row - u.first) * u.cols + i % u.cols] += sum;
}
