import { beforeEach, describe, expect, it } from 'vitest';
import { computedSource } from '../../src/io/tensors/overlay.ts';
import { chosenStep } from '../../src/worker/runs/listing.ts';
import { nameRun } from '../../src/worker/runs/name.ts';
import type { TrainState } from '../../src/worker/runs/records.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';
import {
  ADAPTER,
  checkpoint,
  describeRun,
  evaluation,
  free,
  group,
  groupsAt,
  metricsAt,
  replayed,
  stateAt,
  writeLogs,
} from './stored-run.ts';

let files: MemoryStore;
let store: RunStore;
async function save(step: number, more: Partial<TrainState> = {}): Promise<void> {
  await store.save('fox-1', step, checkpoint(step, more));
  const { best, healthy } = stateAt(step, more);
  const rule = { ...(best ? { best: best.step } : {}), ...(healthy === undefined ? {} : { healthy }) };
  await store.thin('fox-1', step, { keep: 2, ...rule });
}
const list = (look = free) => store.list(look, ADAPTER);
const checkpoints = () => files.list('runs/fox-1/checkpoints');

beforeEach(async () => {
  files = new MemoryStore();
  store = new RunStore(files);
  await store.create(describeRun('fox-1'));
});

describe('the stored runs', () => {
  it('keep the weights that a run began from, and count their bytes', async () => {
    await save(5);
    const {
      runs: [before],
    } = await list();
    const values = Float32Array.of(1, -2, 0.5);
    const tensors = computedSource([{ name: 'w', shape: [3], values: async () => values }], 'left');
    const lora = { rank: 2, alpha: 4, targets: ['q_proj'] } as const;
    await store.saveStart('fox-1', { tensors, lora });
    const run = { ...describeRun('fox-1'), hasStart: true };
    const opened = (await store.openStart(run))!;
    expect(opened.lora).toEqual(lora);
    expect(opened.tensors.names()).toEqual(['w']);
    expect(await opened.tensors.float32('w')).toEqual(values);
    const {
      runs: [after],
    } = await list();
    expect(after!.bytes - before!.bytes).toBeGreaterThan(values.byteLength);
    files.files.get('runs/fox-1/start/start.safetensors')![100]! ^= 1;
    await expect(store.openStart(run)).rejects.toThrow(
      /start\.safetensors: its SHA-256 is .* it was damaged/,
    );
    await expect(store.openStart({ ...run, id: 'fox-2' })).rejects.toThrow(
      /fox-2\/start: it was not written to its end/,
    );
  });

  it('keep the newest checkpoints, the best one and the last from before a collapse, and offer each', async () => {
    const best = { metric: 'eval/war', value: 0.5, step: 5 };
    for (const step of [5, 10, 15, 20, 25]) await save(step, { best, healthy: Math.min(step, 12) });
    expect(await checkpoints()).toEqual(['step-10', 'step-20', 'step-25', 'step-5']);
    const { state, files: found } = await store.newest('fox-1');
    expect(state).toMatchObject({ step: 25, sampler: { epoch: 0, index: 25 } });
    expect(found.get('model.safetensors')?.size).toBeGreaterThan(12);
    const { runs } = await list();
    expect(runs[0]?.checkpoints).toEqual([
      { step: 5, savedAt: 5, best: { metric: 'eval/war', value: 0.5 } },
      { step: 10, savedAt: 10, healthy: true },
      { step: 20, savedAt: 20 },
      { step: 25, savedAt: 25 },
    ]);
    expect([chosenStep(runs[0]!, 'best'), chosenStep(runs[0]!, 'good')]).toEqual([5, 10]);
    expect((await store.open('fox-1', 5)).state.step).toBe(5);
    await expect(store.open('fox-1', 7)).rejects.toThrow(
      'no checkpoint of step 7; kept are those of 5, 10, 20, 25',
    );
  });

  it('say which there are where none is the best, or from before an alarm', async () => {
    for (const step of [5, 10]) await save(step);
    const [run] = (await list()).runs;
    expect(() => chosenStep(run!, 'best')).toThrow(
      /calm-fox has no best checkpoint: .*kept are those of step 5, 10/,
    );
    expect(() => chosenStep(run!, 'good')).toThrow(/no older checkpoint from before an alarm; .*step 5, 10/);
  });

  it('are listed by their newest checkpoint, the latest run first, without those at work', async () => {
    await save(5);
    await store.create(describeRun('fox-2'));
    await store.save('fox-2', 7, checkpoint(7, { savedAt: 99 }));
    expect(await store.list(free, { ...ADAPTER, vendor: 'w' })).toMatchObject({
      runs: [
        { id: 'fox-2', step: 7, steps: 100, savedAt: 99, sameDevice: false },
        { id: 'fox-1', step: 5, model: 'tiny', data: 'clips', demo: true, notes: [] },
      ],
      damaged: [],
    });
    const busy: typeof free = async (id, look) => (id === 'fox-2' ? undefined : look());
    expect((await list(busy)).runs).toMatchObject([{ id: 'fox-1', sameDevice: true }]);
  });

  it('name the programs of own rewards that they trained with, those before a mending among them', async () => {
    const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
    const source = (name: string, hash: string) =>
      ({ name, hash, source: '', language: 'js', completions: 'text' }) as const;
    const [mine, other, was] = [source('mine', B), source('other', 'c'.repeat(64)), source('mine', A)];
    const run = describeRun('fox-2');
    const config = { ...run.config, rewards: ['format', 'mine'], rewardSources: [mine, other] };
    await store.create({ ...run, config, mended: [{ step: 3, was: [was] }] });
    await store.save('fox-2', 7, checkpoint(7));
    await save(5);
    const programs = (await list()).runs.map((each) => each.programs);
    expect(programs).toEqual([
      [
        { name: 'mine', hash: B },
        { name: 'mine', hash: A },
      ],
      undefined,
    ]);
  });

  it('are counted with everything they take, and free all of it', async () => {
    await save(5);
    const {
      runs: [before],
    } = await list();
    await writeLogs(store, 'fox-1', 50);
    // What the list takes out of the logs is kept beside them.
    await list();
    const {
      runs: [after],
    } = await list();
    const logs = ['events.jsonl', 'rollouts.jsonl', 'tokens/from-1.bin', 'glance.json'].map(
      (name) => files.files.get(`runs/fox-1/${name}`)!.byteLength,
    );
    expect(after!.bytes - before!.bytes).toBe(logs.reduce((sum, bytes) => sum + bytes, 0));
    expect(after!.bytes).toBe([...files.files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0));
    await store.remove('fox-1');
    expect(files.files.size).toBe(0);
  });

  it('are rid of checkpoints that were never finished, and of runs without any', async () => {
    await save(5);
    for (const name of ['unfinished', 'model.safetensors'])
      files.put(`runs/fox-1/checkpoints/step-10/${name}`, 'w');
    await store.create(describeRun('fox-2'));
    files.put('runs/fox-2/checkpoints/step-1/unfinished', '');
    expect(await list()).toMatchObject({ runs: [{ id: 'fox-1', step: 5 }], damaged: [] });
    expect(await checkpoints()).toEqual(['step-5']);
    expect(await files.list('runs')).toEqual(['fox-1']);
  });

  it('do not touch half a checkpoint of a run at work', async () => {
    files.put('runs/fox-1/checkpoints/step-5/unfinished', '');
    expect(await list(async () => undefined)).toEqual({ runs: [], damaged: [] });
    expect(await checkpoints()).toEqual(['step-5']);
  });

  it('go on from an older checkpoint where the newest is damaged, and set that aside', async () => {
    await save(5);
    await save(10);
    const weights = (step: number) =>
      files.files.get(`runs/fox-1/checkpoints/step-${step}/model.safetensors`)!;
    weights(10)[90]! ^= 4;
    const { state, damaged } = await store.newest('fox-1');
    expect(state.step).toBe(5);
    expect(damaged).toMatchObject([{ step: 10, reason: expect.stringContaining('it was damaged') }]);
    await store.setAside('fox-1', damaged[0]!);
    const [run] = (await list()).runs;
    expect(run).toMatchObject({ step: 5, checkpoints: [{ step: 5 }] });
    expect(run?.notes).toEqual([
      expect.stringMatching(/checkpoint of step 10 cannot be used.*it was damaged/),
    ]);
    // What is newly written counts, though the one set aside has a later step.
    await save(7);
    await save(8);
    expect(await checkpoints()).toEqual(['step-10', 'step-7', 'step-8']);
    for (const step of [7, 8]) weights(step)[90]! ^= 4;
    await expect(store.newest('fox-1')).rejects.toThrow(
      /no checkpoint that can be read.*step-8.*damaged.*step-7/,
    );
  });

  it('without a manifest are used by their files’ own headers, and say that they could not be checked', async () => {
    await save(5);
    for (const name of ['manifest.json', 'manifest.copy.json']) {
      files.files.delete(`runs/fox-1/checkpoints/step-5/${name}`);
    }
    const [run] = (await list()).runs;
    expect(run?.notes).toEqual([
      expect.stringMatching(/manifest\.json is missing.*cannot be compared with hashes/),
    ]);
    expect((await store.newest('fox-1')).files.has('optimizer.safetensors')).toBe(true);
    const path = 'runs/fox-1/checkpoints/step-5/model.safetensors';
    files.files.set(path, files.files.get(path)!.slice(0, -1));
    expect((await list()).damaged).toMatchObject([{ id: 'fox-1', name: 'calm-fox', whole: [] }]);
    expect(files.files.has(path)).toBe(true);
  });

  it('of another version are listed with the reason and left alone', async () => {
    await save(5);
    const old = { ...describeRun('fox-1'), format: 2 };
    files.put('runs/fox-1/config.json', JSON.stringify(old));
    files.files.delete('runs/fox-1/config.copy.json');
    await expect(store.describe('fox-1')).rejects.toThrow(
      'runs/fox-1/config.json: its format is 2, expected 1',
    );
    const found = await list();
    expect(found).toMatchObject({
      runs: [],
      damaged: [{ id: 'fox-1', whole: [5], reason: expect.stringContaining('by another version') }],
    });
    expect(await checkpoints()).toEqual(['step-5']);
  });

  it('of an earlier version without hashes are opened, and say so', async () => {
    await save(5);
    files.put('runs/fox-1/config.json', JSON.stringify(describeRun('fox-1')));
    files.files.delete('runs/fox-1/config.copy.json');
    expect((await list()).runs).toMatchObject([
      { id: 'fox-1', notes: [expect.stringContaining('has no hash, as an earlier version wrote it')] },
    ]);
    await store.create(describeRun('fox-1'));
    expect((await list()).runs).toMatchObject([{ notes: [] }]);
  });

  it('come off whole, and only by their own ids', async () => {
    await save(5);
    await store.remove('fox-1');
    expect([...files.files.keys()]).toEqual([]);
    expect(await store.has('fox-1')).toBe(false);
    await expect(store.describe('fox-1')).rejects.toThrow('There is no run "fox-1"');
    await expect(store.remove('../fox-1')).rejects.toThrow('"../fox-1" is no run\'s id');
  });
});

describe('the logs', () => {
  const EVENTS = 'runs/fox-1/events.jsonl';
  const ANSWERS = 'runs/fox-1/rollouts.jsonl';
  const replay = (step: number) => replayed(store, 'fox-1', step);
  const steps = (...of: number[]) => of.map((step) => [step, metricsAt(step)]);
  const answers = (...of: number[]) => of.map((step) => [step, groupsAt(step)]);
  async function change(path: string, from: string, to: string): Promise<void> {
    const text = (await files.text(path))!;
    expect(text).toContain(from);
    files.put(path, text.replace(from, to));
  }

  beforeEach(() => writeLogs(store, 'fox-1', 3));

  it('come back up to a step, numbers that are none included, and are cut there', async () => {
    const upTo2 = [evaluation(0), ...steps(1, 2), ...answers(1, 2)];
    expect(await replay(2)).toEqual({ seen: upTo2, notes: [] });
    expect(await replay(3)).toEqual({ seen: upTo2, notes: [] });
    expect((await files.text(EVENTS))!.split('\n')).toHaveLength(4);
  });

  it('lose a torn line, and grow on from the line before it', async () => {
    files.put(ANSWERS, (await files.text(ANSWERS))!.slice(0, -5));
    const { seen } = await replay(3);
    expect(seen.at(-1)).toEqual([3, [group(['3a', '3b'])]]);
  });

  it('say which line is damaged, pass it over, and keep all others', async () => {
    await change(EVENTS, '"type":"step","step":2', '"type":"step","step":"');
    await change(ANSWERS, '"text":"1b"', '"text":7');
    const { seen, notes } = await replay(3);
    expect(seen).toEqual([
      ...[evaluation(0), ...steps(1, 3)],
      ...[[1, [group(['1a']), group(['1c'])]], ...answers(2, 3)],
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/events\.jsonl: line 3 is unreadable.*left out/),
      expect.stringMatching(/rollouts\.jsonl: line 2 .*left out/),
    ]);
    expect((await files.text(EVENTS))!.split('\n')).toHaveLength(5);
  });

  it('show a line that another byte is in, and say so', async () => {
    await change(EVENTS, `"reward":${2 / 3}`, `"reward":0.9`);
    const { seen, notes } = await replay(3);
    expect(seen[2]).toEqual([2, { reward: 0.9, loss: Number.NaN }]);
    expect(notes).toEqual([expect.stringMatching(/events\.jsonl: line 3 is not as written/)]);
  });

  it('are not cut at a step that was damaged to a later one', async () => {
    await change(EVENTS, '"type":"step","step":1,', '"type":"step","step":9,');
    const { seen, notes } = await replay(3);
    expect(seen.slice(0, 3)).toEqual([evaluation(0), ...steps(2, 3)]);
    expect(notes).toHaveLength(1);
  });

  it('of an earlier version have no checksums, metrics of other names, and come back as they are', async () => {
    const plain = (text: string) => text.replaceAll(/,"crc32":"[0-9a-f]{8}"/g, '');
    for (const path of [EVENTS, ANSWERS]) files.put(path, plain((await files.text(path))!));
    await change(EVENTS, '"metrics":{', '"metrics":{"luck":1,');
    expect(await replay(3)).toEqual({
      seen: [evaluation(0), ...steps(1, 2, 3), ...answers(1, 2, 3)],
      notes: [],
    });
  });

  it('that are a folder, or missing, are said or empty, and stop nothing', async () => {
    files.files.delete(EVENTS);
    files.put(`${ANSWERS}/x`, '');
    files.files.delete(ANSWERS);
    const { seen, notes } = await replay(3);
    expect(seen).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('rollouts.jsonl is a folder')]);
  });
});

describe('a name', () => {
  it('is two words, and its id is of that moment alone', () => {
    const names = Array.from({ length: 50 }, (_, i) => nameRun(1_795_000_000_000 + i));
    for (const { id, name } of names) {
      expect(name).toMatch(/^[a-z]+-[a-z]+$/);
      expect(id.startsWith(`${name}-`)).toBe(true);
    }
    expect(new Set(names.map(({ id }) => id)).size).toBe(50);
    expect(new Set(names.map(({ name }) => name)).size).toBeGreaterThan(20);
  });
});
