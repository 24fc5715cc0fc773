// The epilogue of one output of a matmul, stored in c[at]: as finish_quad of matmul_quads does with four.
@group(0) @binding(3) var<storage, read> bias: array<f32>;            // [n], unread unless WITH_BIAS
@group(0) @binding(4) var<storage, read_write> c: array<f32>;         // [splits, m, n]
@group(0) @binding(6) var<storage, read> addend: array<f32>;          // [m, n], unread unless WITH_ADDEND
@group(0) @binding(7) var<storage, read> gate: array<f32>;            // [m, n], unread unless WITH_GATE

fn store(sum: f32, at: u32, col: u32) {
  var value = u.alpha * sum;
  if (WITH_BIAS) { value += bias[col]; }
  if (WITH_ADDEND) { value += addend[at]; }
  if (ACCUMULATE) { value += c[at]; }
  if (WITH_GATE) { value *= silu(vec4<f32>(gate[at])).x; }
  c[at] = value;
}
