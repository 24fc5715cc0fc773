import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { evaluate } from '../../src/rl/evaluate.ts';
import { sftStep } from '../../src/rl/sft.ts';
import { testGpu } from '../ops/harness.ts';
import { textRun } from '../reference/text-run.ts';

const STEPS = 20;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

describe('supervised training', () => {
  it('learns eight repeated examples by heart: the loss falls tenfold, and the answers are right', async () => {
    using run = await textRun(gpu, {
      stage: 'sft',
      promptsPerStep: 8,
      learningRate: 0.005,
      loraRank: 0,
      trainDecoder: true,
    });
    const { context, examples } = run;
    const labels = examples.map(({ label }) => label);
    const eight = [...examples, ...examples];
    const losses: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const { metrics, groups, seconds } = await sftStep(context, eight, step);
      losses.push(metrics.loss!);
      expect(groups).toEqual([]);
      expect(Object.keys(seconds)).toEqual(['media', 'forward', 'backward', 'optimizer', 'host']);
      for (const name of ['loss', 'entropy', 'grad_norm', 'num_tokens', 'step_time'] as const)
        expect(Number.isFinite(metrics[name]), name).toBe(true);
      const tokens = eight.reduce((sum, { prompt, answer }) => sum + prompt.ids.length + answer.length, 0);
      expect(metrics.num_tokens).toBe(tokens);
    }
    expect(losses[0]).toBeGreaterThan(4);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 10);
    const calls: [number, number][] = [];
    const result = await evaluate(context, examples, {
      split: 'val',
      step: STEPS,
      labels,
      progress: (done, total) => calls.push([done, total]),
    });
    expect(result).toMatchObject({
      n: 4,
      correct: 4,
      war: 1,
      uar: 1,
      unreadable: 0,
      split: 'val',
      step: STEPS,
    });
    expect(calls).toEqual([1, 2, 3, 4].map((done) => [done, 4]));
  });
});
