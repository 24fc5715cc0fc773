import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadlessSession, type PlainEvent } from '../../src/cli/headless.ts';
import { groupBy } from '../../src/data/group-by.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import type { RunState } from '../../src/protocol/messages.ts';
import { writeTree } from '../reference/layouts.ts';
import { toyClassifier } from '../reference/toy-classifier.ts';
import { demoRows, type Folder, makeFolder, smallDataset } from './folders.ts';
import { all } from './told.ts';

const MODEL = 'test/golden/omni-tiny';
const CONFIG = parseConfig({
  steps: 2,
  promptsPerStep: 2,
  groupSize: 2,
  maxCompletionLength: 6,
  loraRank: 2,
  learningRate: 0.01,
});

/** Every answer that was told while it was sampled is, put together, the text that its step tells of it. */
function expectToldWhole(events: readonly PlainEvent[]): void {
  const pieces = all(events, 'live');
  expect(pieces.length).toBeGreaterThan(0);
  const rollouts = all(events, 'rollouts');
  const answers = groupBy(pieces, ({ step, exampleId, completion }) => [step, exampleId, completion].join());
  for (const own of answers.values()) {
    const { step, exampleId, completion } = own[0]!;
    const { groups } = rollouts.find((event) => event.step === step)!;
    const told = groups.find((group) => group.exampleId === exampleId)!.completions[completion]!;
    expect(own.map(({ text }) => text).join('')).toBe(told.text);
    expect(own.at(-1)!.tokens).toBe(told.tokens);
  }
}

/** One page for all: what comes later has its GPU warm, and meets what came before. */
let session: HeadlessSession;
beforeAll(async () => {
  session = await HeadlessSession.open();
});
afterAll(() => session.close());

describe('a session', () => {
  let data: Folder;
  const seen: PlainEvent[] = [];
  /** Steps of a run that rested in between, while its start was measured. */
  const interrupted: PlainEvent[] = [];

  beforeAll(() => {
    data = smallDataset('small');
    session.onEvent = (event) => seen.push(event);
  });
  afterAll(() => data.remove());

  const reach = (state: RunState) =>
    session.until((event) => event.type === 'state' && event.state === state);
  const refusal = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'nothing was refused',
      (error: Error) => error.message,
    );

  it('opens a model and a data set and says what they are', async () => {
    const [model] = all(await session.openFolder('openModel', MODEL), 'model');
    expect(all(seen, 'ready')[0]?.device.isSoftware).toBe(true);
    expect(model?.summary).toMatchObject({
      name: 'omni-tiny',
      dtype: 'F32',
      layout: 'towers in folders of their own',
    });
    expect(model?.summary.parts).toMatchObject({ decoder: 162624, vision: 113568 });
    const [opened] = all(await session.openFolder('openData', data.path), 'data');
    expect(opened?.summary).toMatchObject({ count: 6, splits: { train: 4, val: 0, test: 2 }, issues: [] });
    expect(all(seen, 'state').at(-1)?.state).toBe('ready');
  });

  it('previews a clip before any run', async () => {
    const events = await session.ask((requestId) => ({
      type: 'preview',
      requestId,
      exampleId: demoRows('train', 1)[0]!.video,
    }));
    expect(events.at(-1)?.type).toBe('done');
    const unknown = session.ask((requestId) => ({ type: 'preview', requestId, exampleId: 'nothing.mp4' }));
    expect(await refusal(unknown)).toContain('There is no clip "nothing.mp4"');
  });

  it('takes one step, pauses, measures, goes on and finishes', async () => {
    await session.post({ type: 'step', config: CONFIG });
    const first = await reach('paused');
    expect(all(first, 'step').map(({ step }) => step)).toEqual([1]);
    expect(all(first, 'rollouts')[0]?.groups.map(({ completions }) => completions.length)).toEqual([2, 2]);
    expectToldWhole(first);
    expect(await refusal(session.openFolder('openData', data.path))).toContain('A run is under way');
    const [measured] = all(
      await session.ask((requestId) => ({ type: 'evaluate', requestId, split: 'val' })),
      'eval',
    );
    expect(measured?.result).toMatchObject({ split: 'test', n: 2, step: 1 });
    const [start] = all(
      await session.ask((requestId) => ({ type: 'evaluate', requestId, split: 'val', start: true })),
      'eval',
    );
    expect(start?.result).toMatchObject({ split: 'test', n: 2, step: 0 });
    await session.post({ type: 'resume' });
    const rest = await reach('finished');
    interrupted.push(...all(first, 'step'), ...all(rest, 'step'));
    expect(all(rest, 'step').map(({ step }) => step)).toEqual([2]);
    expect(all(rest, 'memory').at(-1)?.parts.trainable).toBeGreaterThan(0);
  });

  it('gives the same answers and numbers for the same seed, and lets go of the memory of the run before', async () => {
    const runOnce = async () => {
      await session.post({ type: 'start', config: CONFIG });
      return reach('finished');
    };
    const [first, second] = [await runOnce(), await runOnce()];
    const numbers = (events: readonly PlainEvent[]) =>
      all(events, 'step').map(({ metrics }) => [
        metrics.loss,
        metrics.entropy,
        metrics.grad_norm,
        metrics.reward,
      ]);
    expect(numbers(second)).toEqual(numbers(first));
    expect(numbers(interrupted)).toEqual(numbers(first));
    expect(all(second, 'rollouts')).toEqual(all(first, 'rollouts'));
    const held = (events: readonly PlainEvent[]) => all(events, 'memory').map(({ parts }) => parts);
    expect(held(second)).toEqual(held(first));
  });

  it('stops between steps and keeps what was learned', async () => {
    await session.post({ type: 'start', config: { ...CONFIG, steps: 1000 } });
    await session.until((event) => event.type === 'step');
    await session.post({ type: 'stop' });
    const stopped = all(await reach('stopped'), 'state').at(-1)!;
    expect(stopped.step).toBeGreaterThan(0);
    expect(stopped.step).toBeLessThan(1000);
    const parts = {
      merged: 'f32' as const,
      adapter: true,
      checkpoint: true,
      handoff: true,
      metrics: true,
      rollouts: true,
    };
    const [plan] = all(
      await session.ask((requestId) => ({ type: 'planExport', requestId, parts })),
      'planExport',
    );
    const place = { kind: 'files' } as const;
    const [files] = all(
      await session.ask((requestId) => ({ type: 'export', requestId, parts, place })),
      'exported',
    );
    const names = files!.files.map(({ name }) => name);
    expect(names).toEqual(plan!.files.map(({ path }) => path));
    expect(names.at(-1)).toBe('manifest.json');
    expect(names).toEqual(
      expect.arrayContaining([
        'model/model/model.safetensors',
        'model/siglip/config.json',
        'adapter/adapter_model.safetensors',
        'model/README.md',
        `checkpoint-${stopped.step}/optimizer.pt`,
        'handoff/resume.py',
        'handoff/r1omni/model/model.safetensors',
        'handoff/manifest.json',
        'metrics.jsonl',
        'rollouts.jsonl',
        'run.json',
      ]),
    );
  });

  it('is rewarded by a model that scores, with the same numbers for the same seed', async () => {
    const folder = makeFolder('toy');
    await writeTree(await toyClassifier('a', ['b']), folder.path);
    const [opened] = all(await session.openFolder('openRewardModel', folder.path), 'openRewardModel');
    const { identity, labels } = opened!.model;
    expect(labels).toEqual(['a']);
    const toy = { name: 'toy', model: 'toy', identity, mapping: { text: 'completion' } };
    const config = { ...CONFIG, steps: 1, rewards: ['toy'], rewardModels: [toy] };
    const runs: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      await session.post({ type: 'start', config });
      const [step] = all(await reach('finished'), 'step');
      const { reward, loss, entropy, 'rewards/toy/mean': mean } = step!.metrics;
      expect(Number.isFinite(mean)).toBe(true);
      expect(mean).toBe(reward);
      runs.push([reward, loss, entropy]);
    }
    expect(runs[1]).toEqual(runs[0]);
    await session.post({ type: 'closeRewardModel', identity });
    await session.post({ type: 'start', config });
    const refused = session.until((event) => event.type === 'error');
    expect(await refusal(refused)).toContain('the model "toy", which is not open');
    folder.remove();
  });

  it('learns from answers in supervised training', async () => {
    const config = parseConfig({
      ...CONFIG,
      stage: 'sft',
      steps: 3,
      promptsPerStep: 4,
      schedule: 'constant',
    });
    await session.post({ type: 'start', config });
    const losses = all(await reach('finished'), 'step').map(({ metrics }) => metrics.loss!);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it('measures with a sense muted', async () => {
    const [muted] = all(
      await session.ask((requestId) => ({ type: 'evaluate', requestId, split: 'test', mute: 'audio' })),
      'eval',
    );
    expect(muted?.result).toMatchObject({ mute: 'audio', n: 2 });
  });

  it('draws several answers per clip, the same ones each time, and knows the best of equals', async () => {
    const sampled = { samples: 3, temperature: 1 };
    const measure = async () => {
      const question = { type: 'evaluate', split: 'test', sampled } as const;
      return all(await session.ask((requestId) => ({ ...question, requestId })), 'eval')[0]!.result;
    };
    const [first, second] = [await measure(), await measure()];
    expect(first.clips.map(({ answers }) => answers.length)).toEqual([3, 3]);
    expect(first.passAtK?.map(({ k }) => k)).toEqual([1, 2, 3]);
    expect([first.best, second.best]).toEqual([true, false]);
    expect(second.clips).toEqual(first.clips);
    const [muted] = all(
      await session.ask((requestId) => ({ type: 'evaluate', requestId, split: 'test', mute: 'video' })),
      'eval',
    );
    const ids = (result: typeof first | undefined) => result?.clips.map(({ exampleId }) => exampleId);
    expect(ids(muted?.result)).toEqual(ids(first));
  });
});

describe('bad input', () => {
  const folders: Folder[] = [];
  const made = (folder: Folder) => {
    folders.push(folder);
    return folder;
  };

  afterAll(() => {
    for (const folder of folders) folder.remove();
  });

  it('in clips and tables is listed by file and row, and the rest still trains', async () => {
    const folder = made(makeFolder('mixed'));
    const [one, two, three] = demoRows('train', 3);
    for (const { video } of [one!, two!]) folder.copy(video, `public/demo/${video}`);
    folder.copy('clips/cut.mp4', 'test/clips/truncated-h264-aac.mp4');
    folder.copy('clips/text.mp4', 'test/clips/text.mp4');
    folder.add('clips/zero.mp4', '');
    const row = (video: string, value: string) => ({
      ...three!,
      video,
      conversations: [three!.conversations[0]!, { from: 'gpt', value }],
    });
    folder.add(
      'data.json',
      JSON.stringify([
        one,
        two,
        row('clips/cut.mp4', 'sad'),
        row('clips/text.mp4', 'sad'),
        row('clips/zero.mp4', 'sad'),
        row('clips/absent.mp4', 'sad'),
        row(one!.video, ' '),
        one,
      ]),
    );
    folder.add('broken.json', '[{"video": "clips/0001.mp4",');
    await session.openFolder('openModel', MODEL);
    const [opened] = all(await session.openFolder('openData', folder.path), 'data');
    const places = opened!.summary.issues.map(
      ({ file, row: at, message }) => `${file} ${at ?? ''} ${message}`,
    );
    expect(places).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^broken\.json .*not JSON/),
        expect.stringMatching(/^data\.json 5 .*zero\.mp4 has 0 bytes/),
        expect.stringMatching(/^data\.json 6 .*absent\.mp4 is not in the folder/),
        expect.stringMatching(/^data\.json 7 .*label is empty/),
        expect.stringMatching(/^data\.json 8 .*already/),
      ]),
    );
    expect(opened!.summary.count).toBe(4);
    await session.post({ type: 'start', config: { ...CONFIG, steps: 1 } });
    const events = await session.until((event) => event.type === 'state' && event.state === 'finished');
    const added = all(events, 'data').at(-1)!.summary.issues.slice(opened!.summary.issues.length);
    expect(added.map(({ file }) => file).sort()).toEqual(['clips/cut.mp4', 'clips/text.mp4']);
    expect(all(events, 'step').length).toBe(1);
  });

  it('that holds no labelled clip, or no model, leaves open what was open', async () => {
    const data = made(smallDataset('good', 2, 1));
    await session.openFolder('openModel', MODEL);
    await session.openFolder('openData', data.path);
    const empty = made(makeFolder('papers'));
    empty.add('paper.pdf', 'x');
    const refusal = { hint: expect.stringContaining('The data set "good" stays open.') };
    await expect(session.openFolder('openData', empty.path)).rejects.toMatchObject(refusal);
    await expect(session.openFolder('openData', MODEL)).rejects.toThrow(/omni-tiny is a model's folder/);
    await expect(session.openFolder('openModel', data.path)).rejects.toMatchObject({
      message: expect.stringMatching(/good: found 3 clips, no config\.json/),
      hint: expect.stringMatching(/--data.*The model "omni-tiny" stays open/),
    });
    await session.post({ type: 'step', config: CONFIG });
    await session.until((event) => event.type === 'state' && event.state === 'paused');
    await session.post({ type: 'stop' });
    await session.until((event) => event.type === 'state' && event.state === 'stopped');
  });

  it('in a model is refused by name, and a good model still opens', async () => {
    const folder = made(makeFolder('bad-model'));
    for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
      folder.copy(file, `${MODEL}/model/${file}`);
    folder.add('model.safetensors', 'not a header at all');
    const refused = session.openFolder('openModel', folder.path);
    await expect(refused).rejects.toThrow(/model\.safetensors: the header says/);
    const [model] = all(await session.openFolder('openModel', MODEL), 'model');
    expect(model?.summary.name).toBe('omni-tiny');
  });

  it('in a command is refused, and the session goes on', async () => {
    const config = { ...CONFIG, groupSize: 1 };
    await session.post({ type: 'start', config });
    const events = await session
      .until((event) => event.type === 'error')
      .catch((error: Error) => error.message);
    expect(String(events)).toContain('groupSize');
  });
});
