/** Runs that are prolonged, and runs of their own that go on from a checkpoint of another, on the toy session. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { blobSource } from '../../src/io/files/bytes.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { CommandOf } from '../../src/protocol/messages.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { configOf, SessionOnDawn } from './session-on-dawn.ts';
import { questionsTree, TEXT_CONFIG, textTree } from './text-run.ts';
import { said, shown, stored } from './told.ts';

const VALUES: Partial<Config> = {
  ...{
    ...TEXT_CONFIG,
    steps: 6,
    schedule: 'constant',
    checkpointEvery: 2,
    keepCheckpoints: 9,
    evalOnStart: false,
  },
};

/** What the run of six steps left, and what it told. */
let files: MemoryStore;
let whole: SessionOnDawn;
let runId: string;

const open = async (kept: MemoryStore) =>
  SessionOnDawn.open({ files: kept, model: await textTree('qwen3-tiny'), data: questionsTree() });

beforeAll(async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() });
  files = new MemoryStore();
  whole = await open(files);
  whole.start(VALUES);
  await whole.reach('finished', 'failed', 'paused');
  runId = said(whole.events, 'saved').at(-1)!.runId;
});

afterAll(() => {
  whole.close();
  vi.unstubAllGlobals();
});

/** Everything that is kept, for another session to go on with. */
function copied(): MemoryStore {
  const copy = new MemoryStore();
  for (const [path, bytes] of files.files) copy.files.set(path, bytes.slice());
  return copy;
}

const ended = (session: SessionOnDawn) => session.reach('finished', 'failed', 'paused');

type Wanted = Partial<Pick<CommandOf<'forkRun'>, 'optimizer' | 'step'>> & {
  readonly values?: Partial<Config>;
};

/** A session that has forked the run. */
async function forked({ values = {}, optimizer = 'kept', step = 2 }: Wanted = {}) {
  const kept = copied();
  const session = await open(kept);
  const config = configOf({ ...VALUES, ...values });
  await session.session.forkRun({ type: 'forkRun', requestId: 7, runId, step, config, optimizer });
  await ended(session);
  expect(said(session.events, 'error')).toEqual([]);
  const fork = said(session.events, 'saved').at(-1)!;
  const { description } = await new RunStore(kept).describe(fork.runId);
  return { session, kept, description };
}

describe('a run that is prolonged', () => {
  it('is bit for bit one of as many steps, where its schedule does not depend on its end', async () => {
    const kept = new MemoryStore();
    const session = await open(kept);
    session.start({ ...VALUES, steps: 4 });
    await ended(session);
    const { runId: short } = said(session.events, 'saved').at(-1)!;
    const prolong = (steps: number) =>
      session.session.prolongRun({
        ...{ type: 'prolongRun', requestId: 5, runId: short, steps, schedule: 'constant' },
      });
    await vi.waitFor(() => expect(said(session.events, 'runs').at(-1)!.runs).toHaveLength(1));
    await expect(prolong(4)).rejects.toThrow('stands at step 4, and its end would be step 4.');
    await prolong(6);
    await ended(session);
    expect(said(session.events, 'state').at(-1)).toMatchObject({ state: 'finished', step: 6, steps: 6 });
    expect(stored(kept, session.events, 6)).toEqual(stored(files, whole.events, 6));
    const told = shown(session.events);
    const expected = shown(whole.events);
    expect(told.metrics).toEqual(expected.metrics);
    // Answers of steps that were taken before are the worker's, and are compared as they are stored.
    expect(told.answers.slice(4)).toEqual(expected.answers.slice(4));
    const { description } = await new RunStore(kept).describe(short);
    expect(description).toMatchObject({
      config: { steps: 6, schedule: 'constant' },
      prolonged: [{ step: 4, was: { steps: 4, schedule: 'constant' } }],
    });
  });
});

describe('a fork', () => {
  it('without a change is bit for bit the run that it was forked from, and says where it comes from', async () => {
    const { session, kept, description } = await forked();
    expect(description.id).not.toBe(runId);
    const origin = { id: runId, name: said(whole.events, 'saved')[0]!.name, step: 2 };
    expect(description).toMatchObject({ from: origin, fork: { optimizer: 'kept', anew: false } });
    expect(said(session.events, 'resumed')[0]!.run).toMatchObject({ id: description.id, step: 2 });
    expect(stored(kept, session.events, 6)).toEqual(stored(files, whole.events, 6));
    expect(shown(session.events).metrics).toEqual(shown(whole.events).metrics);
    // The run that it was forked from stays as it is.
    for (const [path, bytes] of files.files)
      if (path.startsWith(`runs/${runId}/`)) expect(kept.files.get(path), path).toEqual(bytes);
    session.close();
  });

  it('with other settings keeps or renews the optimizer, as it is asked', async () => {
    const values = { learningRate: 0.02, steps: 4 };
    const kept = await forked({ values });
    const fresh = await forked({ values, optimizer: 'fresh' });
    const metrics = ({ session }: typeof kept) => shown(session.events).metrics;
    const answers = ({ session }: typeof kept) => shown(session.events).answers;
    // Up to the fork both are the run itself; the answers of its first step are drawn from the same weights.
    expect(metrics(kept).slice(0, 2)).toEqual(shown(whole.events).metrics.slice(0, 2));
    expect(answers(fresh)[2]).toEqual(answers(kept)[2]);
    expect(metrics(fresh)[3]).not.toEqual(metrics(kept)[3]);
    const stateOf = async ({ kept: store, description: { id } }: typeof kept) =>
      (await new RunStore(store).newest(id)).state;
    expect((await stateOf(kept)).adamSteps).toBe(4);
    expect((await stateOf(fresh)).adamSteps).toBe(2);
    expect(fresh.description).toMatchObject({ config: values, fork: { optimizer: 'fresh' } });
    for (const { session } of [kept, fresh]) session.close();
  });

  it('that trains other tensors begins at step 0 from the weights of the checkpoint', async () => {
    const { session, kept, description } = await forked({ values: { loraRank: 2, steps: 1 } });
    expect(description).toMatchObject({
      ...{ from: { id: runId, step: 2 }, fork: { optimizer: 'fresh', anew: true }, hasStart: true },
      config: { loraRank: 2, startFrom: 'last run' },
    });
    expect(said(session.events, 'step').map(({ step }) => step)).toEqual([1]);
    const tensors = async (path: string) => openSafetensors(blobSource((await kept.read(path))!), path);
    const start = await tensors(`runs/${description.id}/start/start.safetensors`);
    const origin = await tensors(`runs/${runId}/checkpoints/step-2/adapter.safetensors`);
    expect(origin.names().length).toBeGreaterThan(0);
    for (const name of origin.names()) expect(await start.float32(name)).toEqual(await origin.float32(name));
    session.close();
  });

  it('is refused where no step is left, and of a checkpoint that is not kept', async () => {
    const session = await open(copied());
    const fork = (step: number, steps: number) =>
      session.session.forkRun({
        ...{ type: 'forkRun', requestId: 7, runId, step, optimizer: 'kept' },
        config: configOf({ ...VALUES, steps }),
      });
    await expect(fork(4, 4)).rejects.toThrow('its end would be step 4');
    await expect(fork(3, 9)).rejects.toThrow(/has no checkpoint of step 3; kept are those of/);
    expect(said(session.events, 'resumed')).toEqual([]);
    session.close();
  });
});
