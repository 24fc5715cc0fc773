import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import type { Event } from '../../src/protocol/messages.ts';
import { type RecordedRun, Recorder } from '../../src/worker/runs/recorder.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';

const ADAPTER = { vendor: 'v', architecture: 'a', description: 'd' };
const ID = 'calm-fox-1';

/** One tensor on no device. */
function fakeTrained(): RecordedRun['trained'] {
  const values = new Map([['w', Float32Array.of(1, 2, 3)]]);
  const store = {
    names: () => ['w'],
    get: () => ({ shape: [3] }),
    read: async (name: string) => values.get(name),
    write: (name: string, data: Float32Array<ArrayBuffer>) => values.set(name, data),
  };
  let moments = { first: Float32Array.of(4, 5, 6), second: Float32Array.of(7, 8, 9) };
  const optimizer = {
    readMoments: async () => moments,
    writeMoments: (_: string, data: typeof moments) => {
      moments = data;
    },
  };
  return { store, optimizer } as unknown as RecordedRun['trained'];
}

class FakeRun {
  step = 0;
  readonly evaluations = [];
  readonly trained = fakeTrained();
  readonly parts = { gpu: { info: ADAPTER } } as RecordedRun['parts'];
  recordStep = () => undefined;
  recordAnswers = () => undefined;
  stand = ({ step }: { step: number }) => {
    this.step = step;
  };
  get standing() {
    return { step: this.step, adamSteps: this.step, tokens: 0, clips: 1, sampler: { epoch: 0, index: 0 } };
  }
}

let files: MemoryStore;
let store: RunStore;
let run: FakeRun;
let recorder: Recorder;
const events: Event[] = [];
const said = (type: Event['type']) => events.filter((event) => event.type === type);

/** Locks of a browser with one tab. */
function fakeLocks() {
  const held = new Set<string>();
  return {
    query: async () => ({ held: [...held].map((name) => ({ name })) }),
    request: async (name: string, _: object, work: (lock: object | null) => Promise<void> | undefined) => {
      if (held.has(name)) return work(null);
      held.add(name);
      await work({});
      held.delete(name);
    },
  };
}

async function takeStep(): Promise<void> {
  run.step++;
  await recorder.step({ step: run.step, metrics: { reward: run.step }, seconds: {}, groups: [] });
  if (recorder.isDue(run.step)) await recorder.save(run);
}

beforeEach(async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
  files = new MemoryStore();
  store = new RunStore(files);
  run = new FakeRun();
  events.length = 0;
  recorder = await Recorder.open(store, (event) => events.push(event), {
    ...{ format: 1, id: ID, name: 'calm-fox', createdAt: 1, demo: true, device: ADAPTER, studio: '0.1.0' },
    model: { name: 'tiny', identity: '1' },
    data: { name: 'clips', identity: '2' },
    config: parseConfig({ steps: 9, checkpointEvery: 3, keepCheckpoints: 1 }),
  });
});

describe('a recorder', () => {
  it('saves every few steps, not twice at one, and at once what scored best', async () => {
    for (let i = 0; i < 4; i++) await takeStep();
    await recorder.save(run);
    await recorder.save(run);
    recorder.score({ metric: 'eval/war', value: 0.5, step: 5 });
    await takeStep();
    await takeStep();
    expect(said('saved').map((event) => 'step' in event && event.step)).toEqual([3, 4, 5, 6]);
    expect(await files.list(`runs/${ID}/checkpoints`)).toEqual(['step-5', 'step-6']);
    expect((await store.newest(ID)).state.best).toEqual({ metric: 'eval/war', value: 0.5, step: 5 });
  });

  it('keeps the last checkpoint and goes on when the device is full, and says so once', async () => {
    for (let i = 0; i < 3; i++) await takeStep();
    files.room = 300;
    for (let i = 0; i < 3; i++) await takeStep();
    await recorder.save(run);
    expect(said('error')).toMatchObject([
      { message: 'The checkpoint of step 6 could not be written: The device is full.', fatal: false },
    ]);
    expect((await store.newest(ID)).state.step).toBe(3);
    expect(await files.list(`runs/${ID}/checkpoints`)).toEqual(['step-3']);
    files.room = Number.POSITIVE_INFINITY;
    await takeStep();
    await recorder.save(run);
    expect((await store.newest(ID)).state.step).toBe(7);
  });

  it('writes nothing more once a line of its log was lost', async () => {
    for (let i = 0; i < 3; i++) await takeStep();
    files.room = 10;
    await takeStep();
    files.room = Number.POSITIVE_INFINITY;
    await takeStep();
    await takeStep();
    expect(said('error')).toHaveLength(1);
    expect((await store.newest(ID)).state.step).toBe(3);
  });

  it('hands a run to one tab at a time, and tells again what it had said', async () => {
    for (let i = 0; i < 4; i++) await takeStep();
    const taken = { description: await store.describe(ID), checkpoint: await store.newest(ID) };
    const again = () => Recorder.resume(store, (event) => events.push(event), new FakeRun(), taken);
    await expect(again()).rejects.toThrow('Another tab is at work on the run calm-fox');
    await recorder.release();
    events.length = 0;
    const second = await again();
    expect(events).toMatchObject([
      { type: 'step', step: 1 },
      { type: 'step', step: 2 },
      { type: 'step', step: 3 },
      { type: 'saved', step: 3 },
    ]);
    await second.release();
  });

  it('tells again where the run was not well', async () => {
    const alarm = {
      ...{
        kind: 'reward collapse' as const,
        step: 2,
        message: 'It fell.',
        evidence: '1 to 0.',
        hint: 'Begin again.',
      },
      ...{ pauses: true, metric: 'reward' as const, goodStep: 1 },
    };
    await takeStep();
    await takeStep();
    await recorder.alarm(alarm);
    await takeStep();
    await recorder.alarm({ ...alarm, step: 4 });
    await recorder.release();
    const taken = { description: await store.describe(ID), checkpoint: await store.newest(ID) };
    events.length = 0;
    const again = await Recorder.resume(store, (event) => events.push(event), new FakeRun(), taken);
    expect(said('alarm')).toEqual([{ type: 'alarm', alarm }]);
    await again.release();
  });
});
