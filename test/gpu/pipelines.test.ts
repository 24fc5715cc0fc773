import { beforeAll, describe, expect, it } from 'vitest';
import { Gpu, kernelsOf } from '../../src/gpu/index.ts';
import { textRun } from '../reference/text-run.ts';
import { openCheckingDevice } from '../setup/checking-device.ts';

const kernel = kernelsOf('accumulate', ['count', 'value'])('fill', { writes: ['out'] });

let gpu: Gpu;
// What is counted here are questions, so a device without a driver will do, which answers them at once.
beforeAll(async () => {
  gpu = new Gpu(await openCheckingDevice());
});

/** What `work` reported, as [done, total]. */
async function reported(work: () => Promise<unknown>): Promise<[number, number][]> {
  const seen: [number, number][] = [];
  await gpu.pipelines.reporting((done, total) => seen.push([done, total]), work).catch(() => undefined);
  return seen;
}

describe('PipelineCache', () => {
  it('reports what it has to compile, and nothing for what is there', async () => {
    const first = await reported(() => gpu.pipelines.get(kernel));
    expect(first).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(await reported(() => gpu.pipelines.get(kernel))).toEqual([]);
  });

  it('counts a kernel that does not compile as done: who asked for it hears of it', async () => {
    const broken = { ...kernel, entry: 'not there' };
    const seen = await reported(() => expect(gpu.pipelines.get(broken)).rejects.toThrow());
    expect(seen.at(-1)).toEqual([1, 1]);
  });

  it('compiles everything a run starts with at the same time', async () => {
    const seen: [number, number][] = [];
    const report = (done: number, total: number): void => {
      seen.push([done, total]);
    };
    const run = await textRun(gpu, {}, {}, { samples: true, report });
    const [done, total] = seen.at(-1)!;
    expect(done).toBe(total);
    expect(total).toBeGreaterThan(30);
    // All were asked for before the first was there.
    expect(seen.find(([ready]) => ready > 0)![1]).toBe(total);
    // The first rollout finds its sampler made.
    expect(await reported(() => run.context.rolloutGenerator())).toEqual([]);
    run[Symbol.dispose]();
  });
});
