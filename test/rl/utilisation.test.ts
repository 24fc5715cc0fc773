import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { passCost, passFlops, rolloutCost } from '../../src/rl/measure/cost-model.ts';
import { costShape, groupsOf, utilisation } from '../../src/rl/measure/utilisation.ts';
import { sftStep } from '../../src/rl/sft.ts';
import { grpoStep } from '../../src/rl/step.ts';
import { packPass, passSize } from '../../src/rl/update/pass-arrays.ts';
import { testGpu } from '../ops/harness.ts';
import { PROMPT_LENGTH, type TextRun, textRun } from '../reference/text-run.ts';

const CEILINGS = { gflops: 2, gigabytes: 0.5 };
const GROUPS = [{ prompt: 9, completions: [4, 1, 6] }];

let gpu: Gpu;
let run: TextRun;
beforeAll(async () => {
  gpu = await testGpu();
  run = await textRun(gpu, { promptsPerStep: 2 }, { ceilings: CEILINGS });
});

describe('utilisation', () => {
  it('is the cost of what was run, by the seconds it took, as shares of the ceilings', () => {
    const shape = costShape(run.policy);
    expect(shape).toMatchObject({ weightBytes: 4, trainsDecoder: false, lora: { rank: 4 } });
    const ids = (count: number) => new Uint32Array(count);
    const groups = GROUPS.map(({ prompt, completions }) => ({
      prompt: { ids: ids(prompt) },
      completions: completions.map(ids),
    }));
    const arrays = packPass(groups, passSize(groups));
    expect(groupsOf(arrays)).toEqual(GROUPS);
    const work = { rollout: { groups: GROUPS, rows: 3 }, passes: [arrays], iterations: 2 };
    const { mfu, mbu } = utilisation(shape, CEILINGS, work, { forward: 1, backward: 3, decode: 0.5 });
    expect(mfu).toBeCloseTo((2 * passFlops(shape, GROUPS, { reference: false })) / 4 / 2e9, 12);
    expect(mbu).toBeCloseTo(rolloutCost(shape, GROUPS, { rows: 3 }).decode.bytes / 0.5 / 0.5e9, 12);
    expect(utilisation(shape, CEILINGS, { passes: [], iterations: 1 }, {})).toEqual({});
    const measured = utilisation(shape, CEILINGS, work, { reference: 1, forward: 1, backward: 3 });
    const { reference, forward, backward } = passCost(shape, GROUPS, { reference: true });
    const flops = reference.flops + 2 * (forward.flops + backward.flops);
    expect(measured.mfu).toBeCloseTo(flops / 5 / 2e9, 12);
  });

  it('is reported by a step where the ceilings are known, and left out where not', async () => {
    const { metrics, seconds } = await grpoStep(run.context, run.examples.slice(0, 2), 0);
    // Passes are of two prompts and their completions; each completion has one to three tokens.
    const shape = costShape(run.policy);
    const flops = (length: number): number =>
      passFlops(shape, Array(2).fill({ prompt: PROMPT_LENGTH, completions: Array(4).fill(length) }), {
        reference: false,
      });
    const whole = (seconds.forward! + seconds.backward!) * 2e9;
    expect(metrics.mfu).toBeGreaterThanOrEqual(flops(1) / whole);
    expect(metrics.mfu).toBeLessThanOrEqual(flops(3) / whole);
    expect(metrics.mbu).toBeGreaterThan(0);
    const supervised = await textRun(gpu, { stage: 'sft', promptsPerStep: 2 }, { ceilings: CEILINGS });
    const taught = await sftStep(supervised.context, supervised.examples.slice(0, 2), 0);
    expect(taught.metrics.mfu).toBeGreaterThan(0);
    expect(taught.metrics).not.toHaveProperty('mbu');
    supervised[Symbol.dispose]();
    const unknown = await textRun(gpu, { stage: 'sft', promptsPerStep: 2 });
    const report = await sftStep(unknown.context, unknown.examples.slice(0, 2), 0);
    expect(report.metrics).not.toHaveProperty('mfu');
    unknown[Symbol.dispose]();
    run[Symbol.dispose]();
  });
});
