import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Arena, FULL_PACE, GENTLE_PACE, Gpu, Plan, Tape } from '../../src/gpu/index.ts';
import { softmaxRows } from '../../src/ops/attention/softmax.ts';
import { numbers } from '../ops/harness.ts';
import { openTestDevice } from '../setup/adapter.ts';

const DISPATCHES = 24;

let gpu: Gpu;
let submissions = 0;
beforeAll(async () => {
  const { device } = await openTestDevice();
  const submit = device.queue.submit.bind(device.queue);
  device.queue.submit = (commands) => {
    submissions++;
    submit(commands);
  };
  gpu = new Gpu(device);
});

describe('the pace of submissions', () => {
  it('decides how much one holds and how long the device rests, and no bit of a result', async () => {
    const x = gpu.upload('inputs', 'x', [256, 64], numbers(256 * 64, 1));
    const tape = new Tape();
    tape.recorder.mark('all');
    let y = x;
    for (let i = 0; i < DISPATCHES; i++) y = softmaxRows(tape, y);
    tape.recorder.keep(y);
    using arena = new Arena(gpu, 'paced');
    using plan = await Plan.create(gpu, 'paced', tape.recorder, arena);
    await plan.run();
    const run = async () => {
      submissions = 0;
      gpu.clock.start();
      await plan.run();
      const made = submissions;
      return { made, spans: await gpu.clock.take(), values: await gpu.read(plan.output(y)) };
    };
    gpu.pace = { submitMs: 1e6, restShare: 0 };
    const whole = await run();
    expect(whole.made).toBe(1);
    gpu.pace = { submitMs: 1e-6, restShare: 0.5 };
    const paced = await run();
    expect(paced.made).toBe(DISPATCHES);
    expect(paced.values).toEqual(whole.values);
    const [first, last] = [paced.spans[0]!, paced.spans.at(-1)!];
    const busy = paced.spans.reduce((sum, { start, end }) => sum + end - start, 0);
    // The rest is measured from what is seen to be done, which is later than what the device says.
    expect(busy).toBeLessThan(0.6 * (last.end - first.start));
    gpu.pace = FULL_PACE;
    const full = await run();
    gpu.pace = GENTLE_PACE;
    const gentle = await run();
    expect(gentle.made).toBeGreaterThanOrEqual(full.made);
    expect(gentle.values).toEqual(full.values);
    gpu.free(x);
  });

  it('is not held back by a first run that was slow: later ones are timed, too, until all fits one submission', async () => {
    const x = gpu.upload('inputs', 'x', [16, 64], numbers(16 * 64, 1));
    const tape = new Tape();
    let y = x;
    for (let i = 0; i < DISPATCHES; i++) y = softmaxRows(tape, y);
    tape.recorder.keep(y);
    using arena = new Arena(gpu, 'slow at first');
    using plan = await Plan.create(gpu, 'slow at first', tape.recorder, arena);
    gpu.pace = { submitMs: 100, restShare: 0 };
    // A clock that only the device moves, so that other work of the machine is not taken for its slowness.
    let [now, waitMs] = [0, 500];
    using _ = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { queue } = gpu.device;
    const done = queue.onSubmittedWorkDone.bind(queue);
    using _waiting = vi.spyOn(queue, 'onSubmittedWorkDone').mockImplementation(async () => {
      now += waitMs;
      return done();
    });
    const made: number[] = [];
    for (let run = 0; run < 3; run++) {
      submissions = 0;
      await plan.run();
      waitMs = 1;
      made.push(submissions);
    }
    // Of 500 ms for all, a fifth is 100 ms; of 1 ms, everything is.
    expect(made).toEqual([1, 6, 1]);
    gpu.pace = FULL_PACE;
    gpu.free(x);
  });
});
