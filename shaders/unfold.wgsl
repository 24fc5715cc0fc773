// Patches of a channels-last or channels-first map as the rows of a matrix, so that a convolution is a matmul.
//   y[(t', h', w'), (c, kt, kh, kw)] = x[t' * st + kt - pt, h' * sh + kh - ph, w' * sw + kw - pw, c]   or 0 outside of x
// Backward: dx[t, h, w, c] = sum of dy over the (row, column) pairs that read that element. One thread per element.
//! include grid
struct Uniforms {
  frames: u32, height: u32, width: u32, channels: u32,
  kernel_t: u32, kernel_h: u32, kernel_w: u32,
  stride_t: u32, stride_h: u32, stride_w: u32,
  pad_t: u32, pad_h: u32, pad_w: u32,
  out_frames: u32, out_height: u32, out_width: u32,
  channels_first: u32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [T, H, W, C] or [T, C, H, W]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;         // [T' H' W', C kt kh kw]
@group(0) @binding(3) var<storage, read> dy: array<f32>;              // [T' H' W', C kt kh kw]
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;        // as x

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  let taps = u.kernel_t * u.kernel_h * u.kernel_w;
  let cols = u.channels * taps;
  let row = i / cols;
  if (row >= u.out_frames * u.out_height * u.out_width) { return; }
  let col = i % cols;
  let c = col / taps;
  let tap = col % taps;
  // Unsigned wrap-around makes a position before the map larger than every extent.
  let w = (row % u.out_width) * u.stride_w + tap % u.kernel_w - u.pad_w;
  let h = (row / u.out_width % u.out_height) * u.stride_h + tap / u.kernel_w % u.kernel_h - u.pad_h;
  let t = row / (u.out_width * u.out_height) * u.stride_t + tap / (u.kernel_w * u.kernel_h) - u.pad_t;
  var value = 0.0;
  if (t < u.frames && h < u.height && w < u.width) {
    let last = ((t * u.height + h) * u.width + w) * u.channels + c;
    let first = ((t * u.channels + c) * u.height + h) * u.width + w;
    value = x[select(last, first, u.channels_first == 1u)];
  }
  y[i] = value;
}

// Whether a tap lands on an output: `from_tap` is position + padding - tap, which must be a multiple of the stride.
fn hits(from_tap: u32, stride: u32, extent: u32) -> bool {
  return from_tap % stride == 0u && from_tap / stride < extent;
}

@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(group, grid) * 64u + lane;
  let pixels = u.height * u.width;
  if (i >= u.frames * pixels * u.channels) { return; }
  let first = u.channels_first == 1u;
  let c = select(i % u.channels, i / pixels % u.channels, first);
  let pixel = select(i / u.channels % pixels, i % pixels, first);
  let t = i / (pixels * u.channels) + u.pad_t;
  let h = pixel / u.width + u.pad_h;
  let w = pixel % u.width + u.pad_w;
  let taps = u.kernel_t * u.kernel_h * u.kernel_w;
  var sum = 0.0;
  for (var kt = 0u; kt < min(u.kernel_t, t + 1u); kt++) {
    if (!hits(t - kt, u.stride_t, u.out_frames)) { continue; }
    for (var kh = 0u; kh < min(u.kernel_h, h + 1u); kh++) {
      if (!hits(h - kh, u.stride_h, u.out_height)) { continue; }
      for (var kw = 0u; kw < min(u.kernel_w, w + 1u); kw++) {
        if (!hits(w - kw, u.stride_w, u.out_width)) { continue; }
        let row = ((t - kt) / u.stride_t * u.out_height + (h - kh) / u.stride_h) * u.out_width + (w - kw) / u.stride_w;
        let tap = (kt * u.kernel_h + kh) * u.kernel_w + kw;
        sum += dy[(row * u.channels + c) * taps + tap];
      }
    }
  }
  dx[i] = sum;
}
