import { describe, expect, it } from 'vitest';
import { longRun, longRunLines } from '../../src/cli/bench/long-run.ts';
import type { TimedRun } from '../../src/cli/bench/small-run.ts';

/** Runs on a machine that gets slower with every step of any of them; a run may itself get slower, too. */
function machine({ growth }: { readonly growth: number }) {
  const draws: number[][] = [];
  let machineSteps = 0;
  const open = (): TimedRun => {
    const drawn: number[] = [];
    draws.push(drawn);
    return {
      step: async (draw) => {
        machineSteps++;
        drawn.push(draw);
        const tokens = 1 + (draw % 7);
        return { ms: tokens * (1 + machineSteps / 1000) * (1 + growth * drawn.length), tokens };
      },
      held: async () => ({ gpuBytes: 2 ** 20, heapBytes: 2 ** 21 }),
      [Symbol.dispose]: () => undefined,
    };
  };
  return { open, draws };
}

describe('a long run', () => {
  it('takes the machine out of its ratio', async () => {
    const { ratios, pairs, steps, byWindow } = await longRun(1000, machine({ growth: 0 }).open);
    expect(ratios.median).toBeCloseTo(1, 2);
    expect({ pairs, steps, windows: byWindow.length }).toEqual({ pairs: 200, steps: 1000, windows: 4 });
    expect(byWindow[3]! / byWindow[0]!).toBeGreaterThan(1.4);
  });

  it('sees a run that gets slower by itself', async () => {
    const { ratios } = await longRun(1000, machine({ growth: 1e-4 }).open);
    expect(ratios.median).toBeGreaterThan(1.055);
    expect(ratios.median).toBeLessThan(1.065);
  });

  it('draws anew until its last window, which repeats the first', async () => {
    const { open, draws } = machine({ growth: 0 });
    await longRun(1000, open);
    const [waiting, long] = draws as [number[], number[]];
    expect(new Set(long.slice(0, 800)).size).toBe(800);
    expect(long.slice(800)).toEqual(waiting.slice(200));
    expect(long.slice(800)).toEqual(long.slice(200, 400));
  });

  it('leaves out pairs whose answers are not equally long', async () => {
    const { open } = machine({ growth: 0 });
    let opened = 0;
    const unlike = (): TimedRun => {
      const run = open();
      if (opened++ === 0) return run;
      return {
        ...run,
        step: async (draw) => {
          const step = await run.step(draw);
          return draw % 2 === 0 ? step : { ms: 9 * step.ms, tokens: step.tokens + 1 };
        },
      };
    };
    const found = await longRun(600, unlike);
    expect(found.pairs).toBe(100);
    expect(found.ratios.median).toBeCloseTo(1, 2);
    expect(longRunLines(found).at(-1)).toMatch(/half of 100 pairs/);
  });

  it('wants a warm-up and two windows', async () => {
    await expect(longRun(599, machine({ growth: 0 }).open)).rejects.toThrow('expected at least 600');
  });
});
