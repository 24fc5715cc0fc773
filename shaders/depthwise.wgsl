// Depthwise 3x3 convolution of channels-last maps, zeros around.
//   y[t, h, w, c] = sum over i, j in 0..2 of weight[c, i, j] * x[t, h + i - 1, w + j - 1, c]
// Backward:
//   dx[t, h, w, c] = sum over i, j of weight[c, i, j] * dy[t, h + 1 - i, w + 1 - j, c]                 overwritten
//   dweight[c, i, j] += sum over t, h, w of dy[t, h, w, c] * x[t, h + i - 1, w + j - 1, c]             accumulated
//! include grid
struct Uniforms { frames: u32, height: u32, width: u32, channels: u32 }
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [T, H, W, C]
@group(0) @binding(2) var<storage, read> weight: array<f32>;          // [C, 3, 3]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;         // [T, H, W, C]
@group(0) @binding(4) var<storage, read> dy: array<f32>;              // [T, H, W, C]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;        // [T, H, W, C]
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;   // [C, 3, 3]

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linear_workgroup(group, grid) * 64u + lane;
  if (index >= u.frames * u.height * u.width * u.channels) { return; }
  let c = index % u.channels;
  let pixel = index / u.channels;
  let w = pixel % u.width;
  let h = pixel / u.width % u.height;
  let t = pixel / (u.width * u.height);
  var sum = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let row = h + i - 1u;
    if (row >= u.height) { continue; }
    for (var j = 0u; j < 3u; j++) {
      let col = w + j - 1u;
      if (col >= u.width) { continue; }
      sum += weight[c * 9u + i * 3u + j] * x[((t * u.height + row) * u.width + col) * u.channels + c];
    }
  }
  y[index] = sum;
}

@compute @workgroup_size(64)
fn backward_input(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linear_workgroup(group, grid) * 64u + lane;
  if (index >= u.frames * u.height * u.width * u.channels) { return; }
  let c = index % u.channels;
  let pixel = index / u.channels;
  let w = pixel % u.width;
  let h = pixel / u.width % u.height;
  let t = pixel / (u.width * u.height);
  var sum = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let row = h + 1u - i;
    if (row >= u.height) { continue; }
    for (var j = 0u; j < 3u; j++) {
      let col = w + 1u - j;
      if (col >= u.width) { continue; }
      sum += weight[c * 9u + i * 3u + j] * dy[((t * u.height + row) * u.width + col) * u.channels + c];
    }
  }
  dx[index] = sum;
}

// One thread per weight, channels fastest so that neighbours read neighbouring memory.
@compute @workgroup_size(64)
fn backward_weight(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let index = linear_workgroup(group, grid) * 64u + lane;
  if (index >= u.channels * 9u) { return; }
  let c = index % u.channels;
  let tap = index / u.channels;
  let i = tap / 3u;
  let j = tap % 3u;
  var sum = 0.0;
  for (var t = 0u; t < u.frames; t++) {
    for (var h = 0u; h < u.height; h++) {
      let row = h + i - 1u;
      if (row >= u.height) { continue; }
      for (var w = 0u; w < u.width; w++) {
        let col = w + j - 1u;
        if (col >= u.width) { continue; }
        sum += dy[((t * u.height + h) * u.width + w) * u.channels + c] * x[((t * u.height + row) * u.width + col) * u.channels + c];
      }
    }
  }
  dweight[c * 9u + tap] += sum;
}
