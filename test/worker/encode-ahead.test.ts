/** Clips are encoded ahead of the steps: the first step waits for its own clips only, and all numbers are those of a run whose clips were all encoded before. */
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readDataset } from '../../src/data/read.ts';
import { hasClip } from '../../src/data/types.ts';
import { type FeatureCache, memoryFeatureCache } from '../../src/io/features/feature-cache.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import type { FileTree } from '../../src/io/files/files.ts';
import { InputError } from '../../src/math/errors.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { Event } from '../../src/protocol/messages.ts';
import type { Decode } from '../../src/worker/clips/decoded.ts';
import { FeatureStore } from '../../src/worker/clips/features.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { fakeLocks } from '../setup/fake-locks.ts';
import { openClipModel } from './clip-model.ts';
import { configOf, decode, SessionOnDawn } from './session-on-dawn.ts';
import { said, shown, stored } from './told.ts';

/** Where all answers score alike, only the entropy has a gradient. */
const VALUES: Partial<Config> = { steps: 4, promptsPerStep: 2, entropyCoef: 0.1, maxCompletionLength: 4 };
/** Of the runs that are compared with one another over two thousand rows. */
const LONG: Partial<Config> = { ...VALUES, steps: 10 };
const LABELS = ['happy', 'sad', 'angry', 'neutral'];

/** So many clips, of which some are copies under another name; two more are held out. */
function clipsTree(count: number, contents = count): FileTree {
  const rows = Array.from({ length: count + 2 }, (_, index) => ({
    video: `${index}.mp4`,
    split: index < count ? 'train' : 'test',
    conversations: [
      { from: 'human', value: '<video>\n<audio>\nWhich?' },
      { from: 'gpt', value: LABELS[index % LABELS.length] },
    ],
  }));
  const clips = rows.map(({ video }, index) => ({
    path: video,
    blob: async () => new Blob([Uint8Array.of(index % contents)]) as File,
  }));
  const json = { path: 'data.json', blob: async () => new Blob([JSON.stringify(rows)]) as File };
  return { name: 'clips', files: [json, ...clips] };
}

interface Opened {
  readonly files: MemoryStore;
  readonly session: SessionOnDawn;
  /** Names of clips that were decoded. */
  readonly decoded: string[];
}

async function open(
  data: FileTree,
  {
    files = new MemoryStore(),
    cache = memoryFeatureCache(),
    broken = [],
  }: { files?: MemoryStore; cache?: FeatureCache; broken?: readonly string[] } = {},
): Promise<Opened> {
  const decoded: string[] = [];
  const counting: Decode = async (medium, options) => {
    const { path } = medium;
    decoded.push(path);
    if (broken.includes(path)) throw new InputError(`${path}: broken.`);
    return decode(medium, options);
  };
  const host = { decode: counting, openFeatureCache: async () => cache };
  const session = await SessionOnDawn.open({ files, host, data });
  return { files, session, decoded };
}

/** Has the device hold so many bytes when its memory is probed. */
function holding(device: GPUDevice, capacity: number): () => void {
  const [create, pop] = [device.createBuffer.bind(device), device.popErrorScope.bind(device)];
  let held = 0;
  let failed = false;
  const stub = (name: 'createBuffer' | 'popErrorScope', value: unknown) =>
    Object.defineProperty(device, name, { value, configurable: true });
  stub('createBuffer', (descriptor: GPUBufferDescriptor) => {
    if (descriptor.label !== 'memory probe') return create(descriptor);
    failed = held + descriptor.size > capacity;
    const kept = failed ? 0 : descriptor.size;
    held += kept;
    return { destroy: () => (held -= kept) };
  });
  stub('popErrorScope', async () => {
    const error = await pop();
    const told = failed ? { message: 'out of memory' } : error;
    failed = false;
    return told;
  });
  return () => {
    // The device's own, which its prototype has, are found again.
    Reflect.deleteProperty(device, 'createBuffer');
    Reflect.deleteProperty(device, 'popErrorScope');
  };
}

/** Runs to the end; returns what was told since then. */
async function run(
  { session }: Opened,
  values = VALUES,
  meanwhile = async (): Promise<void> => undefined,
): Promise<Event[]> {
  const from = session.events.length;
  session.start(values);
  await meanwhile();
  await session.reach('finished', 'failed', 'paused');
  expect(session.said('error')).toEqual([]);
  return session.events.slice(from);
}

/** Two runs told and stored the same. */
function expectSame(
  [files, events]: readonly [MemoryStore, readonly Event[]],
  [wantedFiles, wanted]: readonly [MemoryStore, readonly Event[]],
  step: number,
): void {
  // Answers of steps before a break are the worker's, and compared as they are stored.
  const known = ({ answers, ...rest }: ReturnType<typeof shown>) => ({
    ...rest,
    answered: answers.map(([at]) => at),
  });
  expect(known(shown(events))).toEqual(known(shown(wanted)));
  expect(stored(files, events, step)).toEqual(stored(wantedFiles, wanted, step));
}

const idsOf = (events: readonly Event[]) =>
  said(events, 'rollouts').map(({ groups }) => groups.map(({ exampleId }) => exampleId));

beforeEach(() => vi.stubGlobal('navigator', { locks: fakeLocks() }));

describe('a run whose clips are encoded ahead of its steps', { timeout: 900_000 }, () => {
  const [rows, contents] = [2000, 23];
  const data = clipsTree(rows, contents);
  const contentOf = (path: string): number => Number.parseInt(path, 10) % contents;
  /** The run that all others are compared with, and how many clips were decoded by its first step. */
  const runAhead = async () => {
    const ahead = await open(data);
    let decodedByFirst = 0;
    const events = await run(ahead, LONG, async () => {
      await ahead.session.next(({ type }) => type === 'step');
      decodedByFirst = ahead.decoded.length;
    });
    return { ...ahead, events, decodedByFirst };
  };
  let ahead: Awaited<ReturnType<typeof runAhead>>;
  beforeAll(async () => {
    vi.stubGlobal('navigator', { locks: fakeLocks() });
    ahead = await runAhead();
  }, 900_000);

  it('takes the first of 2,000 before 2 % of them are encoded', () => {
    // Those of the step, and those of the next.
    expect(ahead.decodedByFirst).toBeGreaterThanOrEqual(2);
    expect(ahead.decodedByFirst).toBeLessThanOrEqual(4);
    const counts = said(ahead.events, 'clips');
    expect(counts[0]).toMatchObject({ ready: 2, unreadable: 0, total: rows });
    expect(counts.at(-1)).toMatchObject({ ready: 20, total: rows });
    // No clip is decoded twice, nor one that no step takes.
    const taken = new Set(idsOf(ahead.events).flat().map(contentOf));
    expect(ahead.decoded.map(contentOf).sort()).toEqual([...taken].sort());
  });

  it('ends as one that has all of them encoded before it', async () => {
    const cache = memoryFeatureCache();
    const model = await openClipModel(await treeFromDisk('test/golden/omni-tiny'));
    const all = new FeatureStore({ gpu: ahead.session.gpu }, model, cache, decode);
    const { examples } = await readDataset(clipsTree(contents), { seed: 1 });
    const quiet = { weights: () => undefined, clips: () => undefined };
    await all.prepare(examples.filter(hasClip), quiet, () => false);
    expect(all.encoded).toBeGreaterThanOrEqual(contents);
    const before = await open(data, { cache });
    const events = await run(before, LONG);
    expect(before.decoded).toEqual([]);
    expectSame([before.files, events], [ahead.files, ahead.events], 10);
  });

  it('has all of them encoded before the first step where the towers do not fit beside it, and ends the same', async () => {
    const few = await open(clipsTree(8));
    const events = await run(few);
    const asked = { type: 'plan', requestId: 9, config: configOf(VALUES), whatIf: false } as const;
    const { plan } = await few.session.session.plan(asked);
    const before = await open(clipsTree(8));
    const undo = holding(before.session.gpu.device, plan.peak.withTowers - 1);
    const whole = await run(before).finally(undo);
    expect(said(whole, 'note').map(({ message }) => message)).toEqual([
      'The towers do not fit on the GPU beside the run: all clips are encoded before its first step, and not between the steps.',
    ]);
    expect(before.decoded.length).toBe(8);
    expect(said(whole, 'clips')[0]).toMatchObject({ ready: 8, total: 8 });
    expect([...few.decoded].sort()).toEqual(idsOf(events).flat().sort());
    expectSame([before.files, whole], [few.files, events], 4);
  });

  it('that was killed goes on as if it had not been', async () => {
    const cache = memoryFeatureCache();
    const killed = await open(data, { cache });
    killed.session.start(LONG);
    await killed.session.next((event) => event.type === 'step' && event.step === 7);
    // What lies on the disk in that moment is what a killed tab leaves.
    const left = new MemoryStore();
    for (const [path, bytes] of killed.files.files) left.files.set(path, bytes.slice());
    killed.session.session.stop();
    await killed.session.reach('stopped');
    vi.stubGlobal('navigator', { locks: fakeLocks() });
    const later = await open(data, { cache, files: left });
    const { runId } = killed.session.said('saved').at(-1)!;
    await later.session.session.resumeRun({ type: 'resumeRun', requestId: 5, runId });
    await later.session.reach('finished', 'failed', 'paused');
    const { events } = later.session;
    expect(said(events, 'error')).toEqual([]);
    expect(said(events, 'resumed')[0]!.run.step).toBe(6);
    expectSame([left, events], [ahead.files, ahead.events], 10);
  });

  it('takes the same clips whether an unreadable one is met or known, over epochs', async () => {
    const broken = ['1.mp4', '4.mp4'];
    const met = await open(clipsTree(6), { broken });
    const events = await run(met);
    const known = await open(clipsTree(6), { broken });
    await known.session.session.evaluate({ type: 'evaluate', requestId: 4, split: 'train' });
    const again = await run(known);
    expect(shown(again)).toEqual(shown(events));
    const { steps: _, ...kept } = stored(met.files, events, 4);
    expect(stored(known.files, again, 4)).toMatchObject(kept);
    const asked = idsOf(events).flat();
    expect(new Set(asked).size).toBe(4);
    for (let epoch = 0; epoch < 2; epoch++)
      expect(new Set(asked.slice(4 * epoch, 4 * epoch + 4)).size).toBe(4);
    expect(said(events, 'clips').at(-1)).toMatchObject({ ready: 4, unreadable: 2, total: 6 });
    const { issues } = said(events, 'data').at(-1)!.summary;
    expect(issues.map(({ file }) => file).sort()).toEqual(broken);
  });

  it('stops and rests between two clips, with nothing but the run on the device', async () => {
    const { session } = await open(clipsTree(8));
    session.start(VALUES);
    await session.next((event) => event.type === 'step' && event.step === 1);
    session.session.pause();
    await session.reach('paused');
    const resting = session.gpu.ledger.total;
    session.session.resume();
    await session.next((event) => event.type === 'clips' && event.ready > 4);
    expect(session.gpu.ledger.total).toBeGreaterThan(resting);
    session.session.pause();
    await session.reach('paused');
    expect(session.gpu.ledger.total).toBe(resting);
    session.session.resume();
    await session.reach('finished');
    expect(session.said('step').map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(session.said('error')).toEqual([]);
  });
});
