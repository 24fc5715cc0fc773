// Counter-based random numbers: a number is a pure function of (seed, stream), with no state.
// Twin of src/math/random.ts: the same words give the same bits there and here. Keep the two equal.
// The hash is pcg4d (Jarzynski and Olano, JCGT 9(3), 2020): LCG on four words, mix, xor-shift, mix.

// A u32 from the run's seed and a stream; in training the stream is (step, sample, token).
fn random_u32(seed: u32, stream: vec3<u32>) -> u32 {
  var v = vec4<u32>(seed, stream) * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v = v ^ (v >> vec4<u32>(16u));
  return v.x + v.y * v.w;
}

// Uniform in the open interval (0, 1), exact in f32: (23 high bits + 1/2) / 2^23.
fn random_uniform(seed: u32, stream: vec3<u32>) -> f32 {
  return (f32(random_u32(seed, stream) >> 9u) + 0.5) * 1.1920928955078125e-7;
}
