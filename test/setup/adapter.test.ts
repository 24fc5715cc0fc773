import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeDevice } from './adapter.ts';
import { openTestDevice } from './adapter.ts';

const DOUBLE = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&x)) { x[id.x] = 2.0 * x[id.x]; }
}`;

/** Doubles the numbers on the device. */
async function double(device: GPUDevice, numbers: Float32Array<ArrayBuffer>): Promise<Float32Array> {
  const size = numbers.byteLength;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size, usage });
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, numbers);
  const module = device.createShaderModule({ code: DOUBLE });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const layout = pipeline.getBindGroupLayout(0);
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(Math.ceil(numbers.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return new Float32Array(staging.getMappedRange().slice(0));
}

describe('the device that tests run on', () => {
  let opened: NodeDevice;
  beforeAll(async () => {
    opened = await openTestDevice();
  });
  afterAll(() => opened.device.destroy());

  it('is the adapter named by STUDIO_ADAPTER, SwiftShader by default', () => {
    const expected = { swiftshader: /swiftshader/i, lavapipe: /llvmpipe/i, default: /./ }[opened.kind];
    expect(opened.kind).toBe(process.env.STUDIO_ADAPTER ?? 'swiftshader');
    expect(`${opened.info.description} ${opened.info.device} `).toMatch(expected);
  });

  it('has the default limits of WebGPU, not those of the adapter', () => {
    expect(opened.device.limits.maxStorageBufferBindingSize).toBe(128 * 1024 * 1024);
    expect(opened.device.limits.maxBufferSize).toBe(256 * 1024 * 1024);
  });

  it('computes', async () => {
    const numbers = Float32Array.from({ length: 100 }, (_, i) => i - 50);
    expect(await double(opened.device, numbers)).toEqual(numbers.map((x) => 2 * x));
  });
});
