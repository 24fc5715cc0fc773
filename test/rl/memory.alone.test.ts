import { beforeAll, describe, expect, it } from 'vitest';
import { type Gpu, Plan } from '../../src/gpu/index.ts';
import { sftStep } from '../../src/rl/sft.ts';
import { grpoStep } from '../../src/rl/step.ts';
import { testGpu } from '../ops/harness.ts';
import { textRun } from '../reference/text-run.ts';

const STEPS = 30;
/** A fifth of the vocabulary ends a completion, so that lengths vary. */
const ENDS = Array.from({ length: 102 }, (_, i) => 5 * i);

/** Labels of the buffers that a device is asked for. */
function watchBuffers(device: GPUDevice) {
  const made: string[] = [];
  const create = device.createBuffer;
  device.createBuffer = (descriptor) => {
    made.push(`${descriptor.label} of ${descriptor.size} bytes`);
    return create.call(device, descriptor);
  };
  return {
    take: () => made.splice(0),
    stop: () => {
      device.createBuffer = create;
    },
  };
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
  // On a machine with other work more submissions, and so more timestamps to read, would ask for more memory.
  gpu.pace = { submitMs: 1e6, restShare: 0 };
});

describe('GPU memory of a run', () => {
  it('is taken once, does not drift with lengths, and is given back', async () => {
    const before = gpu.ledger.parts();
    const values = { promptsPerStep: 2, groupSize: 4, maxCompletionLength: 10, temperature: 1.5, beta: 0 };
    const run = await textRun(gpu, values, { endIds: ENDS });
    const create = Plan.create.bind(Plan);
    const planned: string[] = [];
    Plan.create = (...args) => {
      planned.push(args[1]);
      return create(...args);
    };
    const lengths = new Set<number>();
    const after: { total: number; activations: number; plans: number; made: string[] }[] = [];
    const made = watchBuffers(gpu.device);
    try {
      for (let step = 0; step < STEPS; step++) {
        const { metrics } = await grpoStep(run.context, run.examples.slice(0, 2), step);
        lengths.add(metrics.num_tokens!);
        const { total } = gpu.ledger;
        after.push({
          total,
          activations: gpu.ledger.parts().activations!,
          plans: planned.length,
          made: made.take(),
        });
      }
    } finally {
      Plan.create = create;
      made.stop();
    }
    expect(lengths.size).toBeGreaterThan(8);
    // Seventeen buckets at most, a prefill and a decode step.
    expect(planned.length).toBeLessThanOrEqual(19);
    expect(new Set(planned).size).toBe(planned.length);
    for (const [step, { total, activations, plans, made }] of after.entries()) {
      expect(activations, `activations after step ${step}`).toBe(after[0]!.activations);
      const earlier = after[step - 1];
      if (!earlier || earlier.plans < plans) continue;
      expect(total, `total after step ${step}`).toBe(earlier.total);
      expect(made, `buffers made in step ${step}, which saw no new size`).toEqual([]);
    }
    expect(after.at(-1)!.plans).toBe(after[STEPS / 2]!.plans);
    const quarter = after[0]!.total / 4;
    expect(after.at(-1)!.total - after[0]!.total).toBeLessThan(quarter);
    run[Symbol.dispose]();
    expect(gpu.ledger.parts()).toEqual(before);
  });

  it('is asked for in the first supervised step only', async () => {
    using run = await textRun(gpu, { stage: 'sft', promptsPerStep: 2 });
    const made = watchBuffers(gpu.device);
    const counts: number[] = [];
    for (let step = 0; step < 3; step++) {
      await sftStep(run.context, run.examples.slice(step, step + 2), step);
      counts.push(made.take().length);
    }
    made.stop();
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts.slice(1)).toEqual([0, 0]);
  });
});
