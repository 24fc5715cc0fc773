import { it } from 'vitest';
import { Arena, Plan, Tape, Recorder } from '../../src/gpu/index.ts';
import { attention } from '../../src/ops/attention.ts';
import { testGpu } from './harness.ts';
it('dbg', async () => {
  const gpu = await testGpu();
  const n = Number(process.env.N ?? 40), hd = Number(process.env.HD ?? 8);
  const t = () => ({ ...gpu.tensor('inputs', 'x', [n, 2 * hd]), grad: gpu.tensor('inputs', 'g', [n, 2 * hd]) });
  const spans = gpu.upload('inputs', 's', [n, 4], Uint32Array.from({ length: 4 * n }, (_, i) => (i % 4 === 1 ? n : 0)), 'u32');
  const keySpans = gpu.upload('inputs', 's', [n, 2], Uint32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 1 ? n : 0)), 'u32');
  const tape = new Tape();
  const y = attention(tape, t(), t(), t(), { heads: 2, kvHeads: 2, headDim: hd, spans, keySpans });
  tape.backward([[y, t()]]);
  const all = tape.recorder.dispatches;
  const arena = new Arena(gpu, 'x');
  for (let i = 0; i < all.length; i++) {
    const r = new Recorder();
    const map = new Map();
    const d = all[i]!;
    const tensors = Object.fromEntries(Object.entries(d.tensors).map(([k, v]) => [k, v.storage.kind === 'planned' ? gpu.tensor('inputs', k, v.shape, v.dtype) : v]));
    r.dispatches.push({ ...d, tensors });
    const start = performance.now();
    const plan = await Plan.create(gpu, 'x', r, arena);
    const mid = performance.now();
    await plan.run();
    const end = performance.now();
    await plan.run(); await gpu.device.queue.onSubmittedWorkDone();
    process.stderr.write(`T ${d.kernel.entry} create ${(mid - start).toFixed(0)} first ${(end - mid).toFixed(0)} again ${(performance.now() - end).toFixed(0)}\n`);
  }
});
