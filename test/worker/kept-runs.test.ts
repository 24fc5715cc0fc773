/** What is kept beside a run's checkpoints: its name, tags and notes, and how it went. */
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeCommand } from '../../src/protocol/decode.ts';
import type { EvalResult } from '../../src/protocol/messages.ts';
import { AnswerLog } from '../../src/worker/runs/answer-log.ts';
import { RunStore } from '../../src/worker/runs/run-store.ts';
import { TokenLog } from '../../src/worker/runs/token-log.ts';
import { MemoryStore } from '../io/memory-store.ts';
import { ADAPTER, checkpoint, describeRun, evaluation, free } from './stored-run.ts';

let files: MemoryStore;
let store: RunStore;

beforeEach(async () => {
  files = new MemoryStore();
  store = new RunStore(files);
  await store.create(describeRun('fox-1'));
  await store.save('fox-1', 5, checkpoint(5));
});

const listed = async () => (await store.list(free, ADAPTER)).runs[0]!;

describe('what a person says of a run', () => {
  const about = { name: 'baseline <b>', tags: ['paper', 'ünïcode 🦊'], notes: 'two\nlines <script>' };

  it('is kept with it, is its name wherever it is named, and leaves its description as it was', async () => {
    const before = files.files.get('runs/fox-1/config.json');
    expect(await listed()).toMatchObject({ name: 'calm-fox', about: { tags: [], notes: '' }, notes: [] });
    await store.annotate('fox-1', about);
    const { name, ...rest } = about;
    expect(await listed()).toMatchObject({ name, about: rest, notes: [] });
    expect((await store.describe('fox-1')).description.name).toBe(name);
    expect(files.files.get('runs/fox-1/config.json')).toBe(before);
    await expect(store.annotate('fox-2', about)).rejects.toThrow('There is no run "fox-2" on this device.');
    expect(await files.list('runs')).toEqual(['fox-1']);
  });

  it('is made good from its second copy, and passed over where both are damaged: the run goes on', async () => {
    await store.annotate('fox-1', about);
    files.put('runs/fox-1/about.json', '{"name"');
    expect(await listed()).toMatchObject({
      name: about.name,
      notes: [expect.stringContaining('Its second copy was used.')],
    });
    files.put('runs/fox-1/about.copy.json', '{"name":"x","sha256":"0"}');
    const { name, notes } = await listed();
    expect(name).toBe('calm-fox');
    expect(notes).toEqual([expect.stringContaining('that were given to the run are not shown.')]);
    expect((await store.newest('fox-1')).state.step).toBe(5);
  });

  it.each([
    ['a name of two lines', { ...about, name: 'a\nb' }, 'name'],
    ['a name that turns the text around it', { ...about, name: 'a\u202eb' }, 'name'],
    ['no name', { ...about, name: '' }, 'name'],
    ['a tag twice', { ...about, tags: ['a', 'a'] }, 'tags'],
    ['notes without end', { ...about, notes: 'x'.repeat(20_001) }, 'notes'],
  ])('is refused at the door, and not read from a file, where it is %s', async (_, change, place) => {
    const command = { type: 'aboutRun', requestId: 1, runId: 'fox-1', change };
    expect(() => decodeCommand(command)).toThrow(`malformed at change.${place}`);
    files.put('runs/fox-1/about.json', JSON.stringify(change));
    const { name, notes } = await listed();
    expect(name).toBe('calm-fox');
    expect(notes).toEqual([expect.stringContaining(`about.json: ${place}`)]);
  });
});

describe('how a run went', () => {
  const scored = (step: number, war: number, more: Partial<EvalResult> = {}): EvalResult =>
    ({ ...evaluation(step), war, ...more }) as EvalResult;

  async function write(steps: number, evaluations: readonly EvalResult[]): Promise<void> {
    const logs = store.logs('fox-1', new AnswerLog(), new TokenLog());
    for (let step = 1; step <= steps; step++) {
      const reward = step === 40 ? 9 : step / 100;
      logs.addStep({
        type: 'step',
        step,
        metrics: { reward: step === 7 ? Number.NaN : reward },
        seconds: {},
      });
    }
    for (const result of evaluations) logs.addEvaluation(result);
    await logs.flush();
  }

  it('is its curve with its extremes, the mean of its end, and its latest and best score', async () => {
    const other = scored(95, 1, { split: 'test' });
    const muted = scored(100, 1, { mute: 'audio' });
    await write(100, [scored(0, 1), scored(50, 0.9), other, scored(100, 0.8), muted]);
    const { curve, last, score } = (await listed()).glance;
    expect(curve!.metric).toBe('reward');
    expect(curve!.points.length).toBeLessThanOrEqual(50);
    expect(curve!.points).toContainEqual([40, 9]);
    expect(curve!.points.at(-1)).toEqual([100, 1]);
    expect(last).toBeCloseTo(0.955, 12);
    expect(score).toEqual({ metric: 'eval/war', step: 100, value: 0.8, best: 0.9 });
  });

  it('is read out of the log once, and anew where that has grown or what was kept is no glance', async () => {
    await write(3, []);
    const { glance } = await listed();
    let reads = 0;
    const read = files.read.bind(files);
    files.read = async (path) => {
      const file = await read(path);
      if (!file || !path.endsWith('events.jsonl')) return file;
      const stream = file.stream.bind(file);
      const counted = () => {
        reads++;
        return stream();
      };
      return Object.assign(file, { stream: counted });
    };
    expect((await listed()).glance).toEqual(glance);
    expect(reads).toBe(0);
    files.put('runs/fox-1/glance.json', '{"of":[1,"x"],"glance":{"last":"<b>"}}');
    expect((await listed()).glance).toEqual(glance);
    expect(reads).toBe(1);
    await write(4, []);
    expect((await listed()).glance.curve!.points).toHaveLength(4);
    expect(reads).toBe(2);
  });

  it('is nothing where nothing was logged, and costs no run its place on a full device', async () => {
    expect((await listed()).glance).toEqual({});
    await write(3, []);
    files.room = 0;
    expect((await listed()).glance.curve!.points).toHaveLength(3);
  });
});
