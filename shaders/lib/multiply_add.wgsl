// sum + a.x b[0] + a.y b[1] + a.z b[2] + a.w b[3] by chained multiply-adds. A product of vector and matrix would be summed up first, and
// added then: an addition more.
fn multiply_added(sum: vec4<f32>, a: vec4<f32>, b: mat4x4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(a.w), b[3], fma(vec4<f32>(a.z), b[2], fma(vec4<f32>(a.y), b[1], fma(vec4<f32>(a.x), b[0], sum))));
}
