import { beforeEach, describe, expect, it } from 'vitest';
import { computedSource } from '../../src/io/overlay.ts';
import type { FileToWrite } from '../../src/io/sealed.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { EvalResult, RolloutGroup } from '../../src/protocol/messages.ts';
import { nameRun } from '../../src/worker/runs/name.ts';
import type { RunDescription } from '../../src/worker/runs/records.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { MemoryStore } from '../io/memory-store.ts';

const ADAPTER = { vendor: 'v', architecture: 'a', description: 'd' };
const none = async () => new Set<string>();

function describeRun(id: string): RunDescription {
  return {
    ...{ format: 1, id, name: 'calm-fox', createdAt: 1, demo: true, device: ADAPTER, studio: '0.1.0' },
    model: { name: 'tiny', identity: '1' },
    data: { name: 'clips', identity: '2' },
    config: parseConfig({ steps: 100, keepCheckpoints: 2 }),
  };
}

function checkpoint(step: number, savedAt = step): FileToWrite[] {
  const state = {
    ...{ format: 1, step, adamSteps: step, tokens: 10 * step, clips: 4, savedAt },
    ...{ sampler: { epoch: 0, index: step }, device: ADAPTER, studio: '0.1.0' },
  };
  async function* text(content: string) {
    yield new TextEncoder().encode(content);
  }
  return [
    { name: 'model.safetensors', parts: text(`weights of ${step}`) },
    { name: 'state.json', parts: text(JSON.stringify(state)) },
  ];
}

let files: MemoryStore;
let store: RunStore;
const save = (step: number, best?: number) =>
  store.save('fox-1', step, checkpoint(step), { keep: 2, ...(best === undefined ? {} : { best }) });
const checkpoints = () => files.list('runs/fox-1/checkpoints');

beforeEach(async () => {
  files = new MemoryStore();
  store = new RunStore(files);
  await store.create(describeRun('fox-1'));
});

describe('the stored runs', () => {
  it('keep the weights that a run began from, and count their bytes', async () => {
    await save(5);
    const [before] = await store.list(none, ADAPTER);
    const values = Float32Array.of(1, -2, 0.5);
    const tensors = computedSource([{ name: 'w', shape: [3], values: async () => values }], 'left');
    const lora = { rank: 2, alpha: 4, targets: ['q_proj'] } as const;
    await store.saveStart('fox-1', { tensors, lora });
    const opened = await store.openStart('fox-1');
    expect(opened.lora).toEqual(lora);
    expect(opened.tensors.names()).toEqual(['w']);
    expect(await opened.tensors.float32('w')).toEqual(values);
    const [after] = await store.list(none, ADAPTER);
    expect(after!.bytes - before!.bytes).toBeGreaterThan(values.byteLength);
    files.files.get('runs/fox-1/start/start.safetensors')![100]! ^= 1;
    await expect(store.openStart('fox-1')).rejects.toThrow(
      /start\.safetensors: its SHA-256 is .* it was damaged/,
    );
    await expect(store.openStart('fox-2')).rejects.toThrow(/fox-2\/start: it was not written to its end/);
  });

  it('keep the newest checkpoints and the best one', async () => {
    for (const step of [5, 10, 15, 20]) await save(step, 5);
    expect(await checkpoints()).toEqual(['step-15', 'step-20', 'step-5']);
    const { state, files: found } = await store.newest('fox-1');
    expect(state).toMatchObject({ step: 20, sampler: { epoch: 0, index: 20 } });
    expect(await found.get('model.safetensors')?.text()).toBe('weights of 20');
  });

  it('are listed by their newest checkpoint, the latest run first, without those at work', async () => {
    await save(5);
    await store.create(describeRun('fox-2'));
    await store.save('fox-2', 7, checkpoint(7, 99), { keep: 1 });
    const runs = await store.list(none, { ...ADAPTER, vendor: 'w' });
    expect(runs).toMatchObject([
      { id: 'fox-2', step: 7, steps: 100, savedAt: 99, sameDevice: false },
      { id: 'fox-1', step: 5, model: 'tiny', data: 'clips', demo: true },
    ]);
    expect(await store.list(async () => new Set(['fox-2']), ADAPTER)).toMatchObject([
      { id: 'fox-1', sameDevice: true },
    ]);
  });

  it('are rid of checkpoints that were never finished, and of runs without any', async () => {
    await save(5);
    await save(10);
    files.files.delete('runs/fox-1/checkpoints/step-10/manifest.json');
    await store.create(describeRun('fox-2'));
    expect(await store.list(none, ADAPTER)).toMatchObject([{ id: 'fox-1', step: 5 }]);
    expect(await checkpoints()).toEqual(['step-5']);
    expect(await files.list('runs')).toEqual(['fox-1']);
  });

  it('do not touch half a checkpoint of a run at work', async () => {
    files.put('runs/fox-1/checkpoints/step-5/model.safetensors', 'wei');
    expect(await store.list(async () => new Set(['fox-1']), ADAPTER)).toEqual([]);
    expect(await checkpoints()).toEqual(['step-5']);
  });

  it('go on from an older checkpoint where the newest is damaged, and say so', async () => {
    await save(5);
    await save(10);
    files.put('runs/fox-1/checkpoints/step-10/model.safetensors', 'weights of 1O');
    const { state, damaged } = await store.newest('fox-1');
    expect(state.step).toBe(5);
    expect(damaged).toMatchObject([{ step: 10, reason: expect.stringContaining('it was damaged') }]);
    files.put('runs/fox-1/checkpoints/step-5/model.safetensors', 'weights 0f 5');
    await expect(store.newest('fox-1')).rejects.toThrow(
      /no checkpoint that can be read.*step-10.*damaged.*step-5/,
    );
  });

  it('of another version are refused by it and left alone by the list', async () => {
    await save(5);
    const path = 'runs/fox-1/config.json';
    files.put(path, (await files.text(path))!.replace('"format": 1', '"format": 2'));
    await expect(store.describe('fox-1')).rejects.toThrow(
      'runs/fox-1/config.json: its format is 2, expected 1',
    );
    expect(await store.list(none, ADAPTER)).toEqual([]);
    expect(await checkpoints()).toEqual(['step-5']);
  });

  it('come off whole, and only by their own ids', async () => {
    await save(5);
    await store.remove('fox-1');
    expect([...files.files.keys()]).toEqual([]);
    await expect(store.describe('fox-1')).rejects.toThrow('There is no run "fox-1"');
    await expect(store.remove('../fox-1')).rejects.toThrow('"../fox-1" is no run\'s id');
  });
});

describe('the logs', () => {
  const group = (answers: string[]): RolloutGroup => ({
    exampleId: 'a.mp4',
    label: 'sad',
    completions: answers.map((text) => ({
      ...{ text, rawText: text, tokens: 1, ended: 'eos' as const },
      ...{ rewards: { accuracy: 1 }, total: 1, advantage: 0, answer: null },
    })),
  });
  const evaluation = (step: number): EvalResult => ({
    ...{ split: 'val', step, n: 1, correct: 1, war: 1, uar: 1, unreadable: 0, clips: [] },
    ...{ interval: [0, 1], uarInterval: [0, 1] },
    tolerant: { correct: 1, war: 1, uar: 1, unreadable: 0 },
    confusion: { labels: [], counts: [], unreadable: [] },
  });

  async function replay(step: number) {
    const seen: unknown[] = [];
    await store.logs('fox-1').replay(step, {
      step: (event) => seen.push([event.step, event.metrics]),
      alarm: (alarm) => seen.push(alarm),
      evaluation: (result) => seen.push(result),
      answers: (at, groups) => seen.push([at, groups]),
    });
    return seen;
  }

  beforeEach(async () => {
    const logs = store.logs('fox-1');
    await logs.addEvaluation(evaluation(0));
    for (const step of [1, 2, 3]) {
      const metrics = { reward: step / 3, loss: step === 2 ? Number.NaN : 0 };
      const groups = [group([`${step}a`, `${step}b`]), group([`${step}c`])];
      await logs.addStep({ type: 'step', step, metrics, seconds: {} }, groups);
    }
  });

  it('come back up to a step, numbers that are none included, and are cut there', async () => {
    const upTo2 = [
      evaluation(0),
      [1, { reward: 1 / 3, loss: 0 }],
      [2, { reward: 2 / 3, loss: Number.NaN }],
      [1, [group(['1a', '1b']), group(['1c'])]],
      [2, [group(['2a', '2b']), group(['2c'])]],
    ];
    expect(await replay(2)).toEqual(upTo2);
    expect(await replay(3)).toEqual(upTo2);
    expect((await files.text('runs/fox-1/events.jsonl'))!.split('\n')).toHaveLength(4);
  });

  it('lose a torn line, and grow on from the line before it', async () => {
    const path = 'runs/fox-1/rollouts.jsonl';
    files.put(path, (await files.text(path))!.slice(0, -5));
    const before = await replay(3);
    expect(before.at(-1)).toEqual([3, [group(['3a', '3b'])]]);
    await store.logs('fox-1').addStep({ type: 'step', step: 4, metrics: {}, seconds: {} }, [group(['4a'])]);
    expect((await replay(4)).at(-1)).toEqual([4, [group(['4a'])]]);
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
