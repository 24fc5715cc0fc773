import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MOST_TOLD_STEPS } from '../../src/protocol/run-metrics.ts';
import { AnswerLog } from '../../src/worker/runs/answer-log.ts';
import { holdRun } from '../../src/worker/runs/lock.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { RunShelf } from '../../src/worker/runs/shelf.ts';
import { TokenLog } from '../../src/worker/runs/token-log.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { ADAPTER, checkpoint, describeRun, evaluation } from './stored-run.ts';

const RUN = 'fox-1';
const EVENTS = `runs/${RUN}/events.jsonl`;
let files: MemoryStore;
let store: RunStore;
let shelf: RunShelf;

beforeEach(async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
  files = new MemoryStore();
  store = new RunStore(files);
  shelf = new RunShelf(
    store,
    () => undefined,
    () => ADAPTER,
  );
  await store.create(describeRun(RUN));
});

/** Steps of a second each, whose kl is known every third step and whose loss has one spike; the newest checkpoint is of `saved`. */
async function written(count: number, saved: number): Promise<void> {
  const logs = store.logs(RUN, new AnswerLog(), new TokenLog());
  for (let step = 1; step <= count; step++) {
    const kl = step % 3 === 0 ? { kl: step } : {};
    const metrics = { reward: Math.sin(step), loss: step === 1234 ? 99 : 0, step_time: 1, ...kl };
    logs.addStep({ type: 'step', step, metrics, seconds: { rollout: 1 } });
    if (step === 2) logs.addEvaluation(evaluation(2));
  }
  await logs.flush();
  await store.save(RUN, saved, checkpoint(saved));
}

describe('the metrics of a stored run', () => {
  it('are told up to its newest checkpoint, a column a metric, and nothing of it changes', async () => {
    await written(5, 4);
    const before = await files.text(EVENTS);
    const { name, model, data, config, taken, steps, times, metrics } = await shelf.metrics(RUN);
    expect([name, model, data, config.steps, taken]).toEqual(['calm-fox', 'tiny', 'clips', 100, 4]);
    expect([...steps]).toEqual([1, 2, 3, 4]);
    expect([...times]).toEqual([1, 2, 3, 4]);
    expect(metrics.kl).toEqual(Float64Array.of(Number.NaN, Number.NaN, 3, Number.NaN));
    expect(metrics.reward).toEqual(Float64Array.of(...[1, 2, 3, 4].map(Math.sin)));
    expect(await files.text(EVENTS)).toBe(before);
  });

  it('keep extremes and the time of each step where the run is longer than is told', async () => {
    await written(9000, 9000);
    const { taken, steps, times, metrics } = await shelf.metrics(RUN);
    expect(taken).toBe(9000);
    expect(steps.length).toBeGreaterThan(MOST_TOLD_STEPS / 4);
    expect(steps.length).toBeLessThanOrEqual(MOST_TOLD_STEPS);
    expect([steps[0], steps.at(-1)]).toEqual([1, 9000]);
    expect(times).toEqual(steps);
    expect(metrics.loss![steps.indexOf(1234)]).toBe(99);
    expect(metrics.reward!.length).toBe(steps.length);
  });

  it('are not asked of a run at work, nor of one that is not there', async () => {
    await written(2, 2);
    const release = (await holdRun(RUN))!;
    await expect(shelf.metrics(RUN)).rejects.toThrow('The run fox-1 is at work, here or in another tab.');
    await release();
    await expect(shelf.metrics('owl-2')).rejects.toThrow('There is no run "owl-2" on this device.');
  });
});
