import { it } from 'vitest';
import { Gpu } from '../../src/gpu/index.ts';
import { testGpu } from './harness.ts';
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; };
const body: Record<string, [string, string, number]> = {
  v1: ['mat', `var s = mat4x4<f32>(); for (var d = 0u; d < u.k; d += 4u) {
    let bt = transpose(mat4x4<f32>(b[(col*u.k+d)>>2u], b[((col+1u)*u.k+d)>>2u], b[((col+2u)*u.k+d)>>2u], b[((col+3u)*u.k+d)>>2u]));
    let at = mat4x4<f32>(a[(row*u.k+d)>>2u], a[((row+1u)*u.k+d)>>2u], a[((row+2u)*u.k+d)>>2u], a[((row+3u)*u.k+d)>>2u]);
    s += bt * at; }
    for (var i = 0u; i < 4u; i++) { c[((row+i)*u.n + col) >> 2u] = s[i]; }`, 4],
  v1noload: ['mat', `var s = mat4x4<f32>(); for (var d = 0u; d < u.k; d += 4u) {
    let z = f32(d);
    let bt = transpose(mat4x4<f32>(vec4(z), vec4(z+1.), vec4(z+2.), vec4(z+3.)));
    let at = mat4x4<f32>(vec4(z), vec4(z+4.), vec4(z+5.), vec4(z+6.));
    s += bt * at; }
    for (var i = 0u; i < 4u; i++) { c[((row+i)*u.n + col) >> 2u] = s[i]; }`, 4],
  loadonly: ['', `var s = vec4<f32>(); for (var d = 0u; d < u.k; d += 4u) {
    s += b[(col*u.k+d)>>2u]+ b[((col+1u)*u.k+d)>>2u]+ b[((col+2u)*u.k+d)>>2u]+ b[((col+3u)*u.k+d)>>2u];
    s += a[(row*u.k+d)>>2u]+ a[((row+1u)*u.k+d)>>2u]+ a[((row+2u)*u.k+d)>>2u]+ a[((row+3u)*u.k+d)>>2u];
    }
    for (var i = 0u; i < 4u; i++) { c[((row+i)*u.n + col) >> 2u] = s; }`, 4],
  dots: ['', `var s0 = vec4<f32>(); var s1 = vec4<f32>(); var s2 = vec4<f32>(); var s3 = vec4<f32>(); for (var d = 0u; d < u.k; d += 4u) {
    let b0 = b[(col*u.k+d)>>2u]; let b1 = b[((col+1u)*u.k+d)>>2u]; let b2= b[((col+2u)*u.k+d)>>2u]; let b3 = b[((col+3u)*u.k+d)>>2u];
    let a0 = a[(row*u.k+d)>>2u]; let a1 = a[((row+1u)*u.k+d)>>2u]; let a2 = a[((row+2u)*u.k+d)>>2u]; let a3 = a[((row+3u)*u.k+d)>>2u];
    s0 += vec4(dot(a0,b0),dot(a0,b1),dot(a0,b2),dot(a0,b3));
    s1 += vec4(dot(a1,b0),dot(a1,b1),dot(a1,b2),dot(a1,b3));
    s2 += vec4(dot(a2,b0),dot(a2,b1),dot(a2,b2),dot(a2,b3));
    s3 += vec4(dot(a3,b0),dot(a3,b1),dot(a3,b2),dot(a3,b3));
    }
    c[((row)*u.n + col) >> 2u] = s0; c[((row+1u)*u.n + col) >> 2u] = s1; c[((row+2u)*u.n + col) >> 2u] = s2; c[((row+3u)*u.n + col) >> 2u] = s3;`, 4],
  v8: ['mat', `var s00 = mat4x4<f32>(); var s01 = s00; var s10 = s00; var s11 = s00; for (var d = 0u; d < u.k; d += 4u) {
    let p = (col*u.k+d)>>2u; let q = (row*u.k+d)>>2u; let k4 = u.k >> 2u;
    let b0 = transpose(mat4x4<f32>(b[p], b[p+k4], b[p+2u*k4], b[p+3u*k4]));
    let b1 = transpose(mat4x4<f32>(b[p+4u*k4], b[p+5u*k4], b[p+6u*k4], b[p+7u*k4]));
    let a0 = mat4x4<f32>(a[q], a[q+k4], a[q+2u*k4], a[q+3u*k4]);
    let a1 = mat4x4<f32>(a[q+4u*k4], a[q+5u*k4], a[q+6u*k4], a[q+7u*k4]);
    s00 += b0*a0; s01 += b1*a0; s10 += b0*a1; s11 += b1*a1; }
    for (var i = 0u; i < 4u; i++) { c[((row+i)*u.n + col) >> 2u] = s00[i]; c[((row+i)*u.n + col+4u) >> 2u] = s01[i]; c[((row+i+4u)*u.n + col) >> 2u] = s10[i]; c[((row+i+4u)*u.n + col+4u) >> 2u] = s11[i];}`, 8],
};
it('bench', async () => {
  const gpu: Gpu = await testGpu();
  const { device } = gpu;
  const [m, n, k] = [64, 512, 512];
  const a = gpu.tensor('inputs', 'a', [m, k]).storage as { buffer: GPUBuffer };
  const b = gpu.tensor('inputs', 'b', [n, k]).storage as { buffer: GPUBuffer };
  const ct = gpu.tensor('inputs', 'c', [m, n]);
  const c = ct.storage as { buffer: GPUBuffer };
  const ub = device.createBuffer({ size: 16, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(ub, 0, Uint32Array.of(m, n, k, 0));
  for (const [name, [, code, tile]] of Object.entries(body)) {
    const t0 = cpu();
    const module = device.createShaderModule({ code: `struct U { m: u32, n: u32, k: u32 }
    @group(0) @binding(0) var<uniform> u: U;
    @group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
    @group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
    @group(0) @binding(3) var<storage, read_write> c: array<vec4<f32>>;
    @compute @workgroup_size(64) fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
      let row = ${tile}u * (g.y * 8u + l / 8u); let col = ${tile}u * (g.x * 8u + l % 8u);
      _ = a[0]; _ = b[0];
      ${code} }` });
    const layout = device.createBindGroupLayout({ entries: [0,1,2,3].map((i) => ({ binding: i, visibility: 4, buffer: { type: (['uniform', 'read-only-storage', 'read-only-storage', 'storage'] as const)[i]! } })) });
    const pipeline = await device.createComputePipelineAsync({ layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }), compute: { module, entryPoint: 'main' } });
    const group = device.createBindGroup({ layout, entries: [ub, a.buffer, b.buffer, c.buffer].map((buffer, binding) => ({ binding, resource: { buffer } })) });
    const go = async () => { const e = device.createCommandEncoder(); const p = e.beginComputePass(); p.setPipeline(pipeline); p.setBindGroup(0, group); p.dispatchWorkgroups(n / (tile * 8), m / (tile * 8)); p.end(); device.queue.submit([e.finish()]); await gpu.read(ct); };
    await go();
    const t1 = cpu();
    for (let i = 0; i < 3; i++) await go();
    const ms = (cpu() - t1) / 3;
    console.log(`compile ${name} ${(t1 - t0 - ms).toFixed(0)} run ${ms.toFixed(1)} GF/s/core ${(2 * m * n * k / ms / 1e6).toFixed(2)}`);
  }
});
