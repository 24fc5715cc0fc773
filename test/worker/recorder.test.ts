import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { FileToWrite } from '../../src/io/sealed/sealed.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { Event } from '../../src/protocol/messages.ts';
import { AnswerLog } from '../../src/worker/runs/answer-log.ts';
import type { RecordedRun } from '../../src/worker/runs/recorded-run.ts';
import { Recorder } from '../../src/worker/runs/recorder.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { TokenLog } from '../../src/worker/runs/token-log.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { ADAPTER, free, groupsAt, replayed } from './stored-run.ts';

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
  /** Tells how the device was lost. */
  lose: (info: Pick<GPUDeviceLostInfo, 'reason' | 'message'>) => void = () => undefined;
  readonly lost = new Promise((resolve) => {
    this.lose = resolve;
  });
  step = 0;
  readonly trained = fakeTrained();
  readonly parts = {
    gpu: { info: ADAPTER, device: { lost: this.lost } },
    model: {},
  } as unknown as RecordedRun['parts'];
  readonly rolloutsLog = new AnswerLog();
  readonly tokenLog = new TokenLog();
  recordStep = () => undefined;
  recordEvaluation = () => undefined;
  forgetEvaluations = () => undefined;
  noteChange = () => undefined;
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

async function takeStep(): Promise<void> {
  run.step++;
  const groups = groupsAt(run.step);
  run.rolloutsLog.add(run.step, groups);
  await recorder.step({ step: run.step, metrics: { reward: run.step }, seconds: {}, groups });
  if (recorder.isDue(run.step)) await recorder.save(run);
}

beforeEach(async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
  files = new MemoryStore();
  store = new RunStore(files);
  run = new FakeRun();
  events.length = 0;
  recorder = await Recorder.open(store, (event) => events.push(event), run, {
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

  it('says what is not saved while the device is full, tries again, loses nothing, and takes it back', async () => {
    for (let i = 0; i < 3; i++) await takeStep();
    files.room = 300;
    for (let i = 0; i < 7; i++) await takeStep();
    expect(said('saved')).toMatchObject([{ step: 3 }]);
    expect(said('unsaved').length).toBeGreaterThan(0);
    for (const event of said('unsaved')) {
      expect(event).toMatchObject({
        trouble: {
          message: expect.stringMatching(/this browser has no room left for it\.$/),
          hint: expect.stringContaining('saving is tried again'),
        },
      });
    }
    expect((await store.newest(ID)).state.step).toBe(3);
    files.room = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 2; i++) await takeStep();
    expect(said('saved').slice(1)).toMatchObject([{ step: 11 }, { step: 12 }]);
    expect((await store.newest(ID)).state.step).toBe(12);
    const { seen, notes } = await replayed(store, ID, 12);
    expect(notes).toEqual([]);
    const steps = Array.from({ length: 12 }, (_, i) => i + 1);
    expect(seen).toEqual([
      ...steps.map((step) => [step, { reward: step }]),
      ...steps.map((step) => [step, groupsAt(step)]),
    ]);
  });

  it('says nothing of a checkpoint that fails because the device is gone: whoever drives the run hears of it', async () => {
    for (let i = 0; i < 3; i++) await takeStep();
    run.trained.store.read = async () => {
      throw new DOMException('Buffer was destroyed', 'AbortError');
    };
    run.lose({ reason: 'unknown', message: 'gone' });
    run.step++;
    await expect(recorder.save(run)).rejects.toThrow('Buffer was destroyed');
    expect(said('error')).toEqual([]);
    expect(await files.list(`runs/${ID}/checkpoints`)).toEqual(['step-3']);
  });

  it('takes back what it said of lines alone, once they are written', async () => {
    await takeStep();
    files.room = 10;
    await takeStep();
    expect(said('unsaved')).toMatchObject([
      { trouble: { message: expect.stringMatching(/What this run did after step 0 cannot be saved: /) } },
    ]);
    files.room = Number.POSITIVE_INFINITY;
    await takeStep();
    expect(said('unsaved').at(-1)).toEqual({ type: 'unsaved' });
  });

  it('writes everything again when the storage was cleared under it', async () => {
    for (let i = 0; i < 4; i++) await takeStep();
    events.length = 0;
    files.files.clear();
    await takeStep();
    expect(events).toMatchObject([
      {
        ...{ type: 'unsaved', lost: true },
        trouble: { message: expect.stringContaining('saved of this run at step 3 is gone') },
      },
      { type: 'saved', step: 5 },
    ]);
    expect((await store.describe(ID)).description.name).toBe('calm-fox');
    expect((await store.newest(ID)).state.step).toBe(5);
    const { seen } = await replayed(store, ID, 5);
    expect(seen).toHaveLength(10);
    files.files.clear();
    await recorder.save(run);
    expect(events.at(-1)).toMatchObject({ type: 'saved', step: 5 });
    expect((await store.newest(ID)).state.step).toBe(5);
  });

  it('does not say "saved" of a checkpoint that vanished while it was written', async () => {
    for (let i = 0; i < 2; i++) await takeStep();
    const save = store.save.bind(store);
    store.save = (id: string, step: number, parts: readonly FileToWrite[]) => {
      const create = files.create.bind(files);
      files.create = async (path) => {
        if (path.endsWith('manifest.json')) files.files.clear();
        return create(path);
      };
      return save(id, step, parts).finally(() => Object.assign(files, { create }));
    };
    await takeStep();
    expect(said('saved')).toEqual([]);
    expect(said('unsaved').at(-1)).toMatchObject({
      trouble: { message: expect.stringContaining('checkpoint of step 3 could not be written') },
    });
    store.save = save;
    await takeStep();
    expect(said('saved')).toMatchObject([{ step: 4 }]);
    expect((await replayed(store, ID, 4)).seen).toHaveLength(8);
  });

  it('keeps the newest checkpoint from before a collapse, also after a resume', async () => {
    recorder.protect(4);
    for (let i = 0; i < 6; i++) await takeStep();
    await recorder.release();
    const taken = { ...(await store.describe(ID)), checkpoint: await store.newest(ID), isOlder: false };
    run = new FakeRun();
    recorder = await Recorder.resume(store, (event) => events.push(event), run, taken);
    for (let i = 0; i < 6; i++) await takeStep();
    expect(await files.list(`runs/${ID}/checkpoints`)).toEqual(['step-12', 'step-3']);
  });

  it('opens an older checkpoint without touching its run, and makes a run of its own with the next step', async () => {
    recorder.score({ metric: 'eval/war', value: 0.5, step: 1 });
    for (let i = 0; i < 6; i++) await takeStep();
    await recorder.release();
    const before = new Map(files.files);
    const taken = { ...(await store.describe(ID)), checkpoint: await store.open(ID, 1), isOlder: true };
    run = new FakeRun();
    events.length = 0;
    recorder = await Recorder.resume(store, (event) => events.push(event), run, taken);
    await recorder.save(run);
    expect(events.at(-1)).toEqual({ type: 'saved', runId: ID, name: 'calm-fox', step: 1 });
    expect(recorder.kept).toMatchObject({ id: ID });
    expect(new Map(files.files)).toEqual(before);
    await takeStep();
    await recorder.release();
    for (const [path, bytes] of before) expect(files.files.get(path)).toEqual(bytes);
    const { runs } = await store.list(free, ADAPTER);
    expect(runs).toMatchObject([
      { step: 2, from: { id: ID, name: 'calm-fox', step: 1 } },
      { id: ID, step: 6, checkpoints: [{ step: 1 }, { step: 6 }] },
    ]);
    expect((await replayed(store, runs[0]!.id, 2)).seen).toHaveLength(4);
  });

  it('hands a run to one tab at a time, and tells again what it had said', async () => {
    for (let i = 0; i < 4; i++) await takeStep();
    const taken = { ...(await store.describe(ID)), checkpoint: await store.newest(ID), isOlder: false };
    const again = () => Recorder.resume(store, (event) => events.push(event), new FakeRun(), taken);
    await expect(again()).rejects.toThrow('Another tab is at work on the run calm-fox');
    await recorder.release();
    events.length = 0;
    const second = await again();
    expect(events).toMatchObject([
      { type: 'past', steps: [{ step: 1 }, { step: 2 }, { step: 3 }], answered: [1, 2, 3] },
      { type: 'saved', step: 3 },
    ]);
    await second.release();
  });

  it('is not taken up where another tab has gone on with it, or deleted it, since it was looked up', async () => {
    for (let i = 0; i < 4; i++) await takeStep();
    const taken = { ...(await store.describe(ID)), checkpoint: await store.newest(ID), isOlder: false };
    const again = () => Recorder.resume(store, (event) => events.push(event), new FakeRun(), taken);
    for (let i = 0; i < 2; i++) await takeStep();
    await recorder.release();
    const answers = await store.newest(ID);
    await expect(again()).rejects.toThrow('Another tab has taken the run calm-fox further, to step 6.');
    expect(await store.newest(ID)).toEqual(answers);
    await store.remove(ID);
    await expect(again()).rejects.toThrow(`There is no run "${ID}" on this device.`);
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
    const taken = { ...(await store.describe(ID)), checkpoint: await store.newest(ID), isOlder: false };
    events.length = 0;
    const again = await Recorder.resume(store, (event) => events.push(event), new FakeRun(), taken);
    expect(said('alarm')).toEqual([{ type: 'alarm', alarm }]);
    await again.release();
  });
});
