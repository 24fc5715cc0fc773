/**
 * Counter-based random numbers: a number is a pure function of (seed, a, b, c), so there is no state to save, order does
 * not matter, and the GPU draws the same numbers as this file (twin: shaders/lib/random.wgsl; keep the two equal).
 *
 * The hash is pcg4d of Jarzynski and Olano, "Hash Functions for GPU Rendering" (JCGT 9(3), 2020): one LCG step on each
 * of four u32 words, a mixing round, an xor-shift, a second mixing round. Only u32 add, multiply, shift and xor.
 */

const MULTIPLIER = 1664525;
const INCREMENT = 1013904223;

function lcg(word: number): number {
  return (Math.imul(word, MULTIPLIER) + INCREMENT) >>> 0;
}

function multiplyAdd(x: number, y: number, z: number): number {
  return (x + Math.imul(y, z)) >>> 0;
}

/** A u32 from four u32 words. In training: the run's seed, then (step, sample, token). */
export function randomU32(seed: number, a: number, b = 0, c = 0): number {
  let x = lcg(seed);
  let y = lcg(a);
  let z = lcg(b);
  let w = lcg(c);
  x = multiplyAdd(x, y, w);
  y = multiplyAdd(y, z, x);
  z = multiplyAdd(z, x, y);
  w = multiplyAdd(w, y, z);
  x = (x ^ (x >>> 16)) >>> 0;
  y = (y ^ (y >>> 16)) >>> 0;
  z = (z ^ (z >>> 16)) >>> 0;
  w = (w ^ (w >>> 16)) >>> 0;
  x = multiplyAdd(x, y, w);
  // The rest of the second round would change y, z and w only; the result is x.
  return x;
}

/** Uniform in the open interval (0, 1), exactly representable in f32: (23 high bits + 1/2) / 2^23. */
export function uniform(seed: number, a: number, b = 0, c = 0): number {
  return ((randomU32(seed, a, b, c) >>> 9) + 0.5) * 2 ** -23;
}

/** Standard normal, by Box and Muller on two uniforms of neighbouring streams. */
export function normal(seed: number, a: number, b = 0, c = 0): number {
  const radius = Math.sqrt(-2 * Math.log(uniform(seed, a, b, c)));
  return radius * Math.cos(2 * Math.PI * uniform(seed ^ 0x9e3779b9, a, b, c));
}

/** A seed of its own for a named purpose ('shuffle', 'lora', …), so that purposes never share numbers. FNV-1a, then the hash. */
export function deriveSeed(seed: number, purpose: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193) >>> 0;
  return randomU32(seed >>> 0, hash, purpose.length);
}

/** 0 … n-1 in a seeded order (Fisher–Yates). `stream` gives further orders under the same seed, e.g. one per epoch. */
export function permutation(n: number, seed: number, stream = 0): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, stream, i) * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/** A shuffled copy of `items`. */
export function shuffled<T>(items: readonly T[], seed: number, stream = 0): T[] {
  return permutation(items.length, seed, stream).map((index) => items[index]!);
}
