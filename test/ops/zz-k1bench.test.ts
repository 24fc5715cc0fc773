import { it } from 'vitest';
import { Arena, Plan, Tape } from '../../src/gpu/index.ts';
import { matmul, type MatmulLayout } from '../../src/ops/matmul.ts';
import { numbers, testGpu } from './harness.ts';
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; };
it('bench', async () => {
  const gpu = await testGpu();
  for (const dtype of ['f32', 'bf16'] as const)
  for (const [layout, m, n, k] of [['nt', 24, 64, 64], ['nt', 24, 512, 512], ['nt', 64, 512, 512], ['nt', 64, 511, 511], ['nn', 64,512, 512], ['tn', 64, 512, 512]] as [MatmulLayout, number, number, number][]) {
    if (dtype !== 'f32' && (layout === 'tn' || n === 511)) continue;
    const tape = new Tape();
    const a = gpu.upload('inputs', 'a', layout === 'tn' ? [k, m] : [m, k], numbers(m * k, 1));
    const b = gpu.tensor('inputs', 'b', layout === 'nt' ? [n, k] : [k, n], dtype);
    const out = gpu.tensor('inputs', 'c', [m, n]);
    matmul(tape.recorder, layout, { a, b, out });
    const t0 = cpu();
    using arena = new Arena(gpu, 'x');
    using plan = await Plan.create(gpu, 'x', tape.recorder, arena);
    await plan.run(); await gpu.read(out);
    const t2 = cpu();
    for (let i = 0; i < 3; i++) await plan.run();
    await gpu.read(out);
    const t3 = cpu();
    const ms = (t3 - t2) / 3;
    console.log(`${dtype} ${layout} ${m} ${n} ${k} compile cpu ms ${(t2 - t0-ms).toFixed(0)} run cpu ms ${ms.toFixed(2)} GFLOP/s/core ${(2 * m * n * k / ms / 1e6).toFixed(2)}`);
  }
});
