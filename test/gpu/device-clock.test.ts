import { beforeAll, describe, expect, it } from 'vitest';
import { openNodeDevice } from '../../src/cli/adapter.ts';
import { millisecondsByPart } from '../../src/gpu/device-clock.ts';
import { Arena, Gpu, Plan, Tape } from '../../src/gpu/index.ts';
import { softmaxRows } from '../../src/ops/attention/softmax.ts';
import { scale } from '../../src/ops/elementwise.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { openTestDevice } from '../setup/adapter.ts';

/** A plan that begins untimed and goes on with two parts. */
async function threeParts(gpu: Gpu) {
  const x = gpu.upload('inputs', 'x', [65, 63], numbers(65 * 63, 1));
  const tape = new Tape();
  let y = scale(tape, x, 2);
  tape.recorder.mark('first');
  for (let again = 0; again < 5; again++) y = softmaxRows(tape, y);
  tape.recorder.mark('second');
  y = tape.recorder.keep(scale(tape, y, 3));
  const arena = new Arena(gpu, 'timed');
  const plan = await Plan.create(gpu, 'timed', tape.recorder, arena);
  return {
    plan,
    values: () => gpu.read(plan.output(y)),
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      arena[Symbol.dispose]();
      gpu.free(x);
    },
  };
}

let plain: Gpu;
let stamped: Gpu;
beforeAll(async () => {
  const { kind } = await openTestDevice();
  plain = new Gpu((await openNodeDevice(kind, [])).device);
  stamped = await testGpu();
});

describe.each([
  ['with timestamps where the adapter has them', () => stamped],
  ['by what is seen to be done', () => plain],
])('DeviceClock %s', (_, theGpu) => {
  it('tells the marked parts apart, in order, within the time there was', async () => {
    const gpu = theGpu();
    using parts = await threeParts(gpu);
    await parts.plan.run();
    const untimed = await parts.values();
    const before = performance.now();
    gpu.clock.start();
    for (let run = 0; run < 3; run++) await parts.plan.run();
    const values = await parts.values();
    const spans = await gpu.clock.take();
    const wall = performance.now() - before;
    // A part of a run is one submission or more.
    const changes = spans.map(({ part }) => part).filter((part, index, all) => part !== all[index - 1]);
    expect(changes).toEqual(Array(3).fill(['first', 'second']).flat());
    const { first, second } = millisecondsByPart(spans);
    expect(first).toBeGreaterThan(0);
    expect(first! + second!).toBeLessThanOrEqual(wall);
    for (const [index, { start, end }] of spans.entries()) {
      expect(start).toBeGreaterThanOrEqual(before);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(spans[index + 1]?.end ?? before + wall);
    }
    expect(values).toEqual(untimed);
  });

  it('counts nothing before its start and behind its end', async () => {
    const gpu = theGpu();
    using parts = await threeParts(gpu);
    await parts.plan.run();
    gpu.clock.start();
    expect(await gpu.clock.take()).toEqual([]);
    await parts.plan.run();
    expect(await gpu.clock.take()).toEqual([]);
  });
});

describe('DeviceClock', () => {
  it('times more submissions than a query set holds, and makes no buffer for it the second time', async () => {
    const x = stamped.upload('inputs', 'x', [4], numbers(4, 1));
    const tape = new Tape();
    tape.recorder.mark('small');
    tape.recorder.keep(scale(tape, x, 2));
    using arena = new Arena(stamped, 'small');
    using plan = await Plan.create(stamped, 'small', tape.recorder, arena);
    await plan.run();
    const totals: number[] = [];
    for (let again = 0; again < 2; again++) {
      stamped.clock.start();
      for (let run = 0; run < 2060; run++) await plan.run();
      const spans = await stamped.clock.take();
      expect(spans).toHaveLength(2060);
      totals.push(stamped.ledger.total);
    }
    expect(totals[1]).toBe(totals[0]);
    stamped.free(x);
  });
});
