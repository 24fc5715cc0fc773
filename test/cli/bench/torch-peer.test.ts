import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type GpuReport, gpuLines } from '../../../src/cli/bench/gpu.ts';
import { torchPeer } from '../../../src/cli/bench/torch-peer.ts';

const REPORT: GpuReport = {
  adapter: 'an adapter',
  date: '2026-01-01T00:00:00.000Z',
  sizes: { rank: 16, prompt: 976, completion: 256, group: 8, steps: 3 },
  tuning: { nt: { variant: 'subgroup', ms: { thread: 2, subgroup: 1 } } },
  ceilings: { gflops: 2000, gigabytes: 500 },
  matmuls: [{ layout: 'nt', m: 512, n: 256, k: 128, dtype: 'bf16', gflops: 1000, share: 0.5 }],
  decode: [{ rows: 8, tokensPerSecond: 90, limit: 360, share: 0.25 }],
  step: { rolloutMs: 3000, updateMs: 1000, totalMs: 4000, tflop: 26, gflopsPerSecond: 6500 },
  memoryPeakBytes: 3 * 2 ** 30,
};

describe('the peer in PyTorch', () => {
  it('may have run elsewhere: its output is taken from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'peer-'));
    try {
      const file = join(folder, 'torch.json');
      writeFileSync(file, '{"stepMs": {"total": 10000}}');
      expect(torchPeer(file, false)).toEqual({ stepMs: { total: 10_000 } });
      writeFileSync(file, 'Traceback');
      expect(() => torchPeer(file, false)).toThrow(/no JSON; found "Traceback"/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is set against our step where it was measured', () => {
    const sizes = { prompt: 976, completion: 256, group: 8 };
    const torch = { sizes, dtype: 'bfloat16', trains: 'full', stepMs: { rollout: 7000, total: 10_000 } };
    const last = (found: object) => gpuLines({ ...REPORT, torch: found }).at(-1);
    expect(last(torch)).toBe(
      "PyTorch's step (bfloat16, trains full): rollout 7000 ms, together 10000 ms, 2.50x ours",
    );
    expect(last({ ...torch, sizes: { ...sizes, group: 4 } })).toMatch(/10000 ms, of another size$/);
    expect(gpuLines(REPORT).at(-1)).toBe('PyTorch: not measured');
    expect(gpuLines(REPORT)[1]).toBe('kernel variants: A·Bᵀ: subgroup (thread 2.00 ms, subgroup 1.00 ms)');
    expect(gpuLines(REPORT)[3]).toMatch(/8 rows: 88\.89 ms a step, 90\.0 tokens\/s, 25 % of the 360/);
  });

  it('tells how much of its bandwidth we decode at, too', () => {
    const line = (torch?: object) => gpuLines({ ...REPORT, torch })[3];
    expect(line()).toMatch(/25 % of the 360 that our copy's bandwidth allows$/);
    expect(line({ copyGigabytes: 1000 })).toMatch(/allows, 13 % of what PyTorch's does$/);
  });

  it('sets our matmuls against its own, by type', () => {
    const line = (torch?: object) => gpuLines({ ...REPORT, torch })[2];
    expect(line()).toBe('matmul nt 512x256x128 bf16: 1000.0 GFLOP/s, 50 % of the best');
    expect(line({ matmulTflops: { float32: 2, bfloat16: 10 } })).toMatch(
      /best, 50 % of PyTorch's float32, 10 % of PyTorch's bfloat16$/,
    );
  });
});
