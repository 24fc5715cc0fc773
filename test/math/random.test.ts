import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { kaimingUniform } from '../../src/math/init.ts';
import { deriveSeed, normal, permutation, randomU32, shuffled, uniform } from '../../src/math/random.ts';
import { mean, sampleStd } from '../../src/math/stats.ts';
import { openTestDevice } from '../setup/adapter.ts';

const N = 20_000;
const draws = Float64Array.from({ length: N }, (_, i) => uniform(7, 3, i));

/** pcg4d in BigInt arithmetic, all four words, as the paper writes it. */
function pcg4dReference(words: readonly number[]): number {
  const u32 = (value: bigint) => BigInt.asUintN(32, value);
  const v = words.map((word) => u32(BigInt(word) * 1664525n + 1013904223n));
  const mix = () => {
    v[0] = u32(v[0]! + v[1]! * v[3]!);
    v[1] = u32(v[1]! + v[2]! * v[0]!);
    v[2] = u32(v[2]! + v[0]! * v[1]!);
    v[3] = u32(v[3]! + v[1]! * v[2]!);
  };
  mix();
  for (let i = 0; i < 4; i++) v[i] = v[i]! ^ (v[i]! >> 16n);
  mix();
  return Number(v[0]);
}

test('randomU32 is pcg4d', () => {
  const edges = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 42];
  for (const a of edges) {
    for (const b of edges) expect(randomU32(a, b, 5, a)).toBe(pcg4dReference([a, b, 5, a]));
  }
});

test('uniform is uniform on the open interval and its streams are independent', () => {
  expect(mean(draws)).toBeCloseTo(0.5, 2);
  expect(sampleStd(draws)).toBeCloseTo(Math.sqrt(1 / 12), 2);
  const buckets = new Array<number>(64).fill(0);
  for (const u of draws) buckets[Math.floor(u * 64)]! += 1;
  const chiSquare = buckets.reduce((sum, count) => sum + (count - N / 64) ** 2 / (N / 64), 0);
  // 63 degrees of freedom: 99.99 % of honest generators stay below 113.
  expect(chiSquare).toBeLessThan(113);
  for (const other of [
    (i: number) => uniform(8, 3, i),
    (i: number) => uniform(7, 4, i),
    (i: number) => uniform(7, 3, i, 1),
  ]) {
    let covariance = 0;
    for (let i = 0; i < N; i++) covariance += (draws[i]! - 0.5) * (other(i) - 0.5);
    expect(Math.abs(covariance / N) * 12).toBeLessThan(0.03);
  }
  expect(draws.every((u) => u > 0 && u < 1 && Math.fround(u) === u)).toBe(true);
});

test('normal has mean 0 and deviation 1', () => {
  const values = Array.from({ length: N }, (_, i) => normal(1, 2, i));
  expect(mean(values)).toBeCloseTo(0, 1);
  expect(sampleStd(values)).toBeCloseTo(1, 1);
});

test('a permutation holds every index once, repeats under its seed and differs by stream', () => {
  const order = permutation(100, 5, 1);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(permutation(100, 5, 1)).toEqual(order);
  expect(permutation(100, 5, 2)).not.toEqual(order);
  expect(permutation(100, 6, 1)).not.toEqual(order);
  expect(shuffled(['a'], 1)).toEqual(['a']);
  expect(permutation(0, 1)).toEqual([]);
});

test('every position is equally likely after a shuffle', () => {
  const where = new Array<number>(5).fill(0);
  for (let stream = 0; stream < 5000; stream++) where[permutation(5, 11, stream).indexOf(0)]! += 1;
  for (const count of where) expect(Math.abs(count - 1000)).toBeLessThan(120);
});

test('purposes get different seeds', () => {
  expect(new Set(['shuffle', 'lora', 'split', 'sample'].map((name) => deriveSeed(42, name))).size).toBe(4);
  expect(deriveSeed(42, 'lora')).not.toBe(deriveSeed(43, 'lora'));
});

test('Kaiming-uniform fills the whole of ±1/sqrt(fanIn)', () => {
  const weights = kaimingUniform(40, 25, 9);
  expect(weights.length).toBe(1000);
  expect(Math.max(...weights)).toBeLessThanOrEqual(0.2);
  expect(Math.min(...weights)).toBeGreaterThanOrEqual(-0.2);
  expect(sampleStd(weights)).toBeCloseTo(0.2 / Math.sqrt(3), 2);
});

const opened = openTestDevice();
afterAll(async () => (await opened).device.destroy());

test('the WGSL twin draws the same bits and the same floats', async () => {
  const { device } = await opened;
  const words = [0, 1, 42, 0x7fffffff, 0x80000000, 0xffffffff];
  const keys = words.flatMap((seed) =>
    words.flatMap((a) => [
      [seed, a, 3, seed ^ a],
      [seed, 7, a, 1],
    ]),
  );
  const code = `${readFileSync(new URL('../../shaders/lib/random.wgsl', import.meta.url), 'utf8')}
    @group(0) @binding(0) var<storage, read> keys: array<vec4<u32>>;
    @group(0) @binding(1) var<storage, read_write> bits: array<vec2<u32>>;
    @compute @workgroup_size(1) fn draw(@builtin(workgroup_id) id: vec3<u32>) {
      let key = keys[id.x];
      bits[id.x] = vec2<u32>(random_u32(key.x, key.yzw), bitcast<u32>(random_uniform(key.x, key.yzw)));
    }`;
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }) },
  });
  const input = device.createBuffer({
    size: keys.length * 16,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(input, 0, Uint32Array.from(keys.flat()));
  const output = device.createBuffer({
    size: keys.length * 8,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const staging = device.createBuffer({
    size: keys.length * 8,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [input, output].map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(keys.length);
  pass.end();
  encoder.copyBufferToBuffer(output, 0, staging, 0, keys.length * 8);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const range = staging.getMappedRange();
  const bits = new Uint32Array(range);
  const floats = new Float32Array(range);
  keys.forEach(([seed, a, b, c], i) => {
    expect(bits[2 * i]).toBe(randomU32(seed!, a!, b, c! >>> 0));
    expect(floats[2 * i + 1]).toBe(uniform(seed!, a!, b, c! >>> 0));
  });
});
