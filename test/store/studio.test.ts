import { describe, expect, it } from 'vitest';
import type { Command, Event, RolloutGroup } from '../../src/protocol/messages.ts';
import { exampleOf } from '../../src/store/examples.ts';
import type { Port } from '../../src/store/port.ts';
import { createStudio, type Studio, startHindrance } from '../../src/store/studio.ts';
import { greedyEval } from '../reference/eval-result.ts';

/** A line whose far end is the test. */
function line(): { port: Port; sent: Command[]; say: (...events: Event[]) => void } {
  const sent: Command[] = [];
  let listener: (event: Event) => void = () => undefined;
  const port: Port = {
    post: (command) => sent.push(command),
    listen: (next) => {
      listener = next;
    },
    close: () => undefined,
  };
  return { port, sent, say: (...events) => events.forEach((event) => void listener(event)) };
}

const example = { id: 'a', path: 'a.mp4', label: 'angry', split: 'train' as const };
const summary = {
  kind: 'clips' as const,
  name: 'demo',
  questions: { rows: 0, distinct: 0, list: [] },
  format: 'table',
  count: 1,
  rows: 1,
  labels: [],
  splits: { train: 1, val: 0, test: 0 },
  division: 'As the data says.',
  examples: [example],
  issues: [],
  skipped: [],
};
const model = {
  name: 'tiny',
  parts: {},
  trainable: 0,
  dtype: 'F32',
  bytes: 4,
  demo: true,
  family: 'HumanOmni' as const,
  senses: ['video', 'audio'] as ('video' | 'audio')[],
  usual: 'R1-Omni' as const,
  loading: { library: 'humanomni' as const },
  layout: 'one folder',
  unusedTensors: [],
  notes: [],
  choice: {},
  others: [],
  adapters: [],
};
const ready: Event[] = [
  { type: 'data', requestId: 1, summary },
  { type: 'model', requestId: 1, summary: model },
  { type: 'state', state: 'ready', step: 0, steps: 0 },
  { type: 'done', requestId: 1 },
];
const stepEvent = (step: number): Event => ({
  type: 'step',
  step,
  metrics: { reward: step },
  seconds: { rollout: 1 },
});
const last = (sent: Command[]) => sent[sent.length - 1];
const state = (studio: Studio) => studio.store.getState();

async function loaded() {
  const { port, sent, say } = line();
  const studio = createStudio(port);
  const opened = studio.ask('openDemo');
  say(...ready);
  await opened;
  return { studio, sent, say };
}

describe('requests', () => {
  it('settle with done, and the demo brings its own settings', async () => {
    const { studio, sent } = await loaded();
    expect(sent).toEqual([{ type: 'openDemo', requestId: 1 }]);
    expect(state(studio)).toMatchObject({
      data: { count: 1 },
      model: { name: 'tiny' },
      draft: { trainDecoder: true },
    });
    expect(state(studio).pending.size).toBe(0);
  });

  it('keep settings that were changed while the demo was loading', async () => {
    const { port, say } = line();
    const studio = createStudio(port);
    const opened = studio.ask('openDemo');
    studio.edit('groupSize', 4);
    say(...ready);
    await opened;
    expect(state(studio).draft).toMatchObject({ groupSize: 4, trainDecoder: true });
  });

  it('reject with the error, which stands beside its command until asked again', async () => {
    const { studio, say } = await loaded();
    const asked = studio.preview('a');
    expect(state(studio).clip).toMatchObject({ exampleId: 'a' });
    say({ type: 'error', requestId: 2, message: 'a.mp4 is empty.', hint: 'Replace it.', fatal: false });
    await expect(asked).rejects.toMatchObject({ message: 'a.mp4 is empty.', hint: 'Replace it.' });
    expect(state(studio).clip).toBeUndefined();
    expect(state(studio).problems).toMatchObject([{ command: 'preview', message: 'a.mp4 is empty.' }]);
    void studio.preview('a').catch(() => undefined);
    expect(state(studio).problems).toEqual([]);
  });

  it('opens another fold from the files of the data set at hand, not of one that was refused', async () => {
    const { studio, sent, say } = await loaded();
    const file = (path: string) => ({ path, file: new File(['x'], path) });
    const opened = studio.openData([file('a.mp4')]);
    say({ type: 'done', requestId: 2 });
    await opened;
    const refused = studio.openData([file('b.mp4')]);
    say({ type: 'error', requestId: 3, message: 'A run is under way.', fatal: false });
    await expect(refused).rejects.toThrow('under way');
    void studio.chooseFold(2);
    expect(last(sent)).toMatchObject({ type: 'openData', requestId: 4, fold: 2, files: [{ path: 'a.mp4' }] });
  });

  it('let go of frames that are no longer shown', async () => {
    const { studio, say } = await loaded();
    let closed = 0;
    const frame = { width: 1, height: 1, close: () => void closed++ };
    const logMel = { mels: 1, columns: 1, values: new Float32Array(1) };
    const preview = {
      exampleId: 'a',
      frames: [frame, frame],
      waveform: new Float32Array(1),
      logMel,
      prompt: '',
      tokens: 1,
    };
    say({ type: 'preview', requestId: 2, preview });
    expect(closed).toBe(0);
    void studio.preview('a');
    expect(closed).toBe(2);
  });
});

describe('a download', () => {
  const source = { baseUrl: 'https://hub.example', id: 'a/b', revision: 'main' };
  const status = (phase: 'downloading' | 'complete' | 'stopped'): Event => ({
    type: 'download',
    requestId: 2,
    status: { key: 'k', source, phase, file: 'model.safetensors', done: 4, total: 4 },
  });
  const whole: Event[] = [status('complete'), { type: 'models', models: [] }, { type: 'done', requestId: 2 }];

  it('that is whole opens, and the token is only in its command', async () => {
    const { studio, sent, say } = await loaded();
    const downloading = studio.downloadModel(source, 'hf_secret');
    expect(last(sent)).toEqual({ type: 'downloadModel', requestId: 2, source, token: 'hf_secret' });
    say(status('downloading'));
    expect(state(studio).download).toMatchObject({ phase: 'downloading', done: 4 });
    say(...whole);
    await Promise.resolve();
    expect(last(sent)).toEqual({ type: 'openStoredModel', requestId: 3, key: 'k' });
    say({ type: 'done', requestId: 3 });
    await downloading;
    expect(JSON.stringify(state(studio))).not.toContain('hf_secret');
  });

  it('of a classifier takes no model from a page that nothing was trained on', async () => {
    const { studio, sent, say } = await loaded();
    const kept = { key: 'k', source, done: 4, total: 4, complete: true, isClassifier: true };
    const downloading = studio.downloadModel(source);
    say(status('complete'), { type: 'models', models: [kept] }, { type: 'done', requestId: 2 });
    await downloading;
    expect(sent.map(({ type }) => type)).toEqual(['openDemo', 'downloadModel']);
  });

  it('of a reward model opens it as one, also beside a run, and it counts; closed, it is none', async () => {
    const { studio, sent, say } = await loaded();
    const downloading = studio.downloadModel(source, undefined, 'reward');
    say({ type: 'state', state: 'running', step: 1, steps: 2 }, ...whole);
    await Promise.resolve();
    expect(last(sent)).toEqual({ type: 'openStoredRewardModel', requestId: 3, key: 'k' });
    const scorer = {
      ...{ identity: 'i', name: 'b', type: 'bert', labels: ['good'], hasTemplate: false },
      ...{ mostTokens: 512, bytes: 8, notes: [] },
    };
    say({ type: 'openStoredRewardModel', requestId: 3, model: scorer }, { type: 'done', requestId: 3 });
    await downloading;
    expect(state(studio)).toMatchObject({
      rewardModels: [scorer],
      draft: { rewards: ['accuracy', 'format', 'b'], rewardModels: [{ name: 'b', identity: 'i' }] },
    });
    studio.closeRewardModel('i');
    expect(last(sent)).toEqual({ type: 'closeRewardModel', identity: 'i' });
    expect(state(studio)).toMatchObject({
      rewardModels: [],
      draft: { rewards: ['accuracy', 'format'], rewardModels: [] },
    });
  });

  it.each(['running', 'paused', 'stopped', 'finished'] as const)(
    'takes the model from under no run that is %s',
    async (run) => {
      const { studio, sent, say } = await loaded();
      const downloading = studio.downloadModel(source);
      say({ type: 'state', state: run, step: 1, steps: 2 }, ...whole);
      await downloading;
      expect(sent.map(({ type }) => type)).toEqual(['openDemo', 'downloadModel']);
    },
  );

  it('that was paused or failed opens nothing', async () => {
    const { studio, sent, say } = await loaded();
    const paused = studio.downloadModel(source);
    studio.tell('stopDownload');
    say(status('stopped'), { type: 'done', requestId: 2 });
    await paused;
    const failed = studio.downloadModel(source);
    say({ type: 'error', requestId: 3, message: 'No connection.', fatal: false });
    await expect(failed).rejects.toThrow('No connection.');
    expect(state(studio).download).toBeUndefined();
    expect(state(studio).problems).toMatchObject([{ command: 'downloadModel' }]);
    expect(sent.map(({ type }) => type)).not.toContain('openStoredModel');
  });
});

describe('a run', () => {
  it('starts only with data, a model and a valid draft', async () => {
    const { port, sent } = line();
    createStudio(port).start();
    expect(sent).toEqual([]);
    const { studio, sent: commands } = await loaded();
    studio.edit('groupSize', 'eight');
    studio.start();
    expect(commands).toHaveLength(1);
    studio.edit('groupSize', 4);
    studio.start();
    expect(last(commands)).toMatchObject({ type: 'start', config: { groupSize: 4, steps: 120 } });
    expect(state(studio).running).toMatchObject({ groupSize: 4 });
  });

  it('waits for the model of a reward that is not open', async () => {
    const { studio, sent } = await loaded();
    const lost = { name: 'judge', model: 'emotions', identity: 'i', mapping: {} };
    studio.editAll({ rewardModels: [lost], rewards: ['judge'] });
    expect(startHindrance(state(studio))).toContain(
      'The reward judge is the model "emotions", which is not open',
    );
    studio.start();
    expect(sent).toHaveLength(1);
    studio.edit('stage', 'sft');
    expect(startHindrance(state(studio))).toBeUndefined();
  });

  it('gathers every step and its answers, and a new run begins empty but keeps the first evaluation', async () => {
    const { studio, say, sent } = await loaded();
    studio.start();
    say({ type: 'state', state: 'running', step: 0, steps: 2 });
    studio.start();
    expect(sent.filter(({ type }) => type === 'start')).toHaveLength(1);
    const groups: RolloutGroup[] = [{ exampleId: 'a', label: 'angry', completions: [] }];
    say(stepEvent(1), { type: 'rollouts', step: 1, groups }, stepEvent(2));
    expect(state(studio).steps.map(({ metrics }) => metrics.reward)).toEqual([1, 2]);
    expect(state(studio).rollouts.get(1)).toBe(groups);
    const result = greedyEval(['angry'], ['angry']);
    say({ type: 'eval', result });
    say({ type: 'eval', result: { ...result, step: 2 } });
    say({ type: 'state', state: 'finished', step: 2, steps: 2 });
    studio.start();
    expect(state(studio)).toMatchObject({ steps: [], evals: [{ step: 0 }] });
    expect(state(studio).rollouts.size).toBe(0);
  });

  it('pauses, steps and resumes only where that makes sense', async () => {
    const { studio, sent, say } = await loaded();
    studio.pause();
    studio.resume();
    expect(sent).toHaveLength(1);
    studio.step();
    expect(last(sent)).toMatchObject({ type: 'step', config: { steps: 120 } });
    say({ type: 'state', state: 'paused', step: 1, steps: 120 });
    studio.step();
    expect(last(sent)).toEqual({ type: 'step' });
    studio.resume();
    expect(last(sent)).toEqual({ type: 'resume' });
    say({ type: 'state', state: 'running', step: 1, steps: 120 });
    studio.pause();
    expect(last(sent)).toEqual({ type: 'pause' });
  });

  it('puts the live answer together from its pieces, and drops it when it comes to rest', async () => {
    const { studio, say } = await loaded();
    const piece = { step: 1, exampleId: 'a.mp4', completion: 0 };
    say(
      { type: 'state', state: 'running', step: 0, steps: 2 },
      { type: 'live', ...piece, at: 0, text: 'He', tokens: 1 },
      { type: 'live', ...piece, at: 2, text: ' laughs', tokens: 3 },
    );
    expect(state(studio).live).toMatchObject({ text: 'He laughs', tokens: 3 });
    say({ type: 'live', ...piece, completion: 1, at: 0, text: 'She', tokens: 1 });
    expect(state(studio).live).toMatchObject({ text: 'She', completion: 1 });
    say({ type: 'state', state: 'paused', step: 1, steps: 2 });
    expect(state(studio).live).toBeUndefined();
  });
});

it('a run is let go of with its model; its curves outlive its data', async () => {
  const { studio, say } = await loaded();
  studio.start();
  say({ type: 'state', state: 'running', step: 0, steps: 1 }, stepEvent(1));
  say({ type: 'saved', runId: 'a', name: 'brave-otter', step: 1 });
  say({ type: 'state', state: 'finished', step: 1, steps: 1 });
  void studio.openData([]);
  say({ type: 'data', requestId: 2, summary }, { type: 'done', requestId: 2 });
  expect(state(studio).steps).toHaveLength(1);
  expect(state(studio).saved).toBeUndefined();
  expect(state(studio).running).toBeUndefined();
  void studio.ask('openModel', { files: [] });
  say({ type: 'model', requestId: 3, summary: model }, { type: 'done', requestId: 3 });
  expect(state(studio).steps).toEqual([]);
});

describe('what is not saved', () => {
  const saved: Event = { type: 'saved', runId: 'a', name: 'calm-fox', step: 3 };
  const trouble = { message: 'No room.', hint: 'Free some.' };

  it('is said until it is saved, or taken back', () => {
    const { port, say } = line();
    const { store } = createStudio(port);
    for (const end of [saved, { type: 'unsaved' } as const]) {
      say(saved, { type: 'unsaved', trouble });
      expect(store.getState()).toMatchObject({ unsaved: trouble, saved: { step: 3 } });
      say(end);
      expect(store.getState().unsaved).toBeUndefined();
    }
  });

  it('leaves nothing saved where the storage was cleared', () => {
    const { port, say } = line();
    const { store } = createStudio(port);
    say(saved, { type: 'unsaved', trouble, lost: true });
    expect(store.getState().saved).toBeUndefined();
  });
});

describe('an error', () => {
  it('about a folder ends with the next good one, and one about a run under way with the run', async () => {
    const { studio, say } = await loaded();
    const open = () => void studio.openData([]).catch(() => undefined);
    open();
    say({ type: 'error', requestId: 2, message: 'There is nothing in it.', fatal: false });
    void studio.evaluate('test').catch(() => undefined);
    say({ type: 'error', requestId: 3, message: 'No clip can be used.', fatal: false });
    expect(state(studio).problems.map(({ command }) => command)).toEqual(['openData', 'evaluate']);
    open();
    say({ type: 'data', requestId: 4, summary }, { type: 'done', requestId: 4 });
    expect(state(studio).problems).toEqual([]);
    say({ type: 'state', state: 'running', step: 1, steps: 2 });
    open();
    say({
      type: 'error',
      requestId: 5,
      message: 'A run is under way.',
      hint: 'Stop it first.',
      fatal: false,
    });
    say({ type: 'state', state: 'paused', step: 1, steps: 2 });
    expect(state(studio).problems).toHaveLength(1);
    say({ type: 'state', state: 'stopped', step: 1, steps: 2 });
    expect(state(studio).problems).toEqual([]);
  });

  it('that ended a run stands beside Start, and ends with the next good folder', async () => {
    const { studio, say } = await loaded();
    const message = 'demo: no clip of the split "train" can be used.';
    say(
      { type: 'error', message, fatal: false },
      { type: 'state', state: 'failed', step: 0, steps: 2, message },
    );
    expect(state(studio).problems).toMatchObject([{ command: 'start', message }]);
    void studio.openData([]);
    say({ type: 'data', requestId: 2, summary }, { type: 'done', requestId: 2 });
    expect(state(studio).problems).toEqual([]);
  });

  it('nothing starts while a folder is being opened', async () => {
    const { studio, sent, say } = await loaded();
    void studio.openData([]);
    studio.start();
    expect(sent.map(({ type }) => type)).toEqual(['openDemo', 'openData']);
    say({ type: 'data', requestId: 2, summary }, { type: 'done', requestId: 2 });
    studio.start();
    expect(last(sent)).toMatchObject({ type: 'start' });
  });
});

it('shows a note as no error, and lets what is under way go on', async () => {
  const { studio, say } = await loaded();
  say({ type: 'progress', what: 'clips', done: 1, total: 2, unit: 'clips' });
  say({ type: 'note', message: 'A copy was damaged.', hint: 'The other is whole.' });
  expect(state(studio).problems).toMatchObject([
    { message: 'A copy was damaged.', hint: 'The other is whole.', isNote: true, fatal: false },
  ]);
  expect(state(studio).progress).toMatchObject({ what: 'clips' });
});

it('shows errors that no command is to blame for, until they are dismissed', () => {
  const { port } = line();
  const studio = createStudio(port);
  studio.report(new Error('The dropped files could not be read.'));
  expect(state(studio).problems).toMatchObject([
    { message: 'The dropped files could not be read.', fatal: false },
  ]);
  expect(state(studio).problems[0]?.command).toBeUndefined();
  studio.dismiss(state(studio).problems[0]?.id ?? 0);
  expect(state(studio).problems).toEqual([]);
});

describe('evaluations', () => {
  it('are asked for with the decoding and the scoring of the draft', async () => {
    const { studio, sent } = await loaded();
    void studio.evaluate('test', { mute: 'audio' });
    expect(last(sent)).toMatchObject({
      type: 'evaluate',
      requestId: 2,
      split: 'test',
      mute: 'audio',
      config: { groupSize: 8 },
    });
    expect(last(sent)).not.toHaveProperty('sampled');
    studio.edit('evalDecoding', 'sampled');
    studio.edit('evalSamples', 4);
    studio.edit('evalMetric', 'contains');
    void studio.evaluate('val');
    const sampled = { samples: 4, temperature: 1 };
    expect(last(sent)).toMatchObject({
      ...{ type: 'evaluate', requestId: 3, split: 'val', sampled, metric: 'contains' },
    });
  });

  it('are forgotten with another model or other data, and kept when a run or an issue is reported', async () => {
    const { studio, say } = await loaded();
    say({ type: 'eval', result: greedyEval(['angry'], ['angry']) });
    say({ type: 'model', summary: model }, { type: 'data', requestId: 0, summary });
    expect(state(studio).evals).toHaveLength(1);
    void studio.ask('openModel', { files: [] });
    say({ type: 'model', requestId: 2, summary: model });
    expect(state(studio).evals).toEqual([]);
  });

  it('lose their texts as they grow old, but not those of the weights as loaded', async () => {
    const { studio, say } = await loaded();
    for (let step = 0; step <= 10; step++) {
      say({ type: 'eval', result: greedyEval(['angry'], ['angry'], { step }) });
    }
    const kept = state(studio).evals.filter(({ clips }) => clips[0]?.answers[0]?.text !== undefined);
    expect(kept.map(({ step }) => step)).toEqual([0, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(state(studio).evals[1]?.clips[0]?.answers).toEqual([
      { answer: 'angry', exact: 'angry', tolerant: 'angry' },
    ]);
  });
});

it('says why there is no GPU', () => {
  const { port, say } = line();
  const studio = createStudio(port);
  say({ type: 'unavailable', reason: 'No WebGPU here.', hint: 'Use Chrome 113 or newer.' });
  expect(state(studio).device).toEqual({
    status: 'unavailable',
    reason: 'No WebGPU here.',
    hint: 'Use Chrome 113 or newer.',
  });
});

it('finds a clip by its id, in the data set that is asked', () => {
  const other = { ...summary, examples: [{ ...example, path: 'b.mp4' }] };
  expect(exampleOf(summary, 'a')?.path).toBe('a.mp4');
  expect(exampleOf(other, 'a')?.path).toBe('b.mp4');
  expect([exampleOf(summary, 'b'), exampleOf(undefined, 'a'), exampleOf(summary, undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

describe('prompts that a run cannot ask', () => {
  const report = {
    ...{ rows: 1, asked: 0, limits: {}, tooLong: [], notes: [] },
    ...{ refused: [{ id: 'a', message: 'It writes nothere.', hint: 'It may name label.' }] },
    repeated: { rows: 0, contradicting: 0 },
  };

  it('keep Start shut with the reason, as long as the form is the same', async () => {
    const { studio, sent, say } = await loaded();
    const asked = studio.readPrompts();
    const { requestId } = last(sent) as { requestId: number };
    say({ type: 'prompts', requestId, report }, { type: 'done', requestId });
    await asked;
    expect(startHindrance(state(studio))).toBe(
      'None of 1 row can be asked: It writes nothere. It may name label.',
    );
    studio.start();
    expect(last(sent)?.type).toBe('prompts');
    studio.edit('promptTemplate', '{{ label }}');
    expect(startHindrance(state(studio))).toBeUndefined();
    studio.start();
    expect(last(sent)?.type).toBe('start');
  });

  it('say nothing of a form that was changed while they were read', async () => {
    const { studio, sent, say } = await loaded();
    const asked = studio.readPrompts();
    const { requestId } = last(sent) as { requestId: number };
    studio.edit('question', 'What is it?');
    say({ type: 'prompts', requestId, report }, { type: 'done', requestId });
    await asked;
    expect(startHindrance(state(studio))).toBeUndefined();
  });
});

it('what ended the run before is not said of the next one', async () => {
  const { studio, say } = await loaded();
  const message = 'The adapter has no such rank.';
  studio.start();
  say(
    { type: 'error', message, fatal: false },
    { type: 'state', state: 'failed', step: 0, steps: 9, message },
  );
  expect(state(studio).problems.map((problem) => problem.message)).toEqual([message]);
  studio.start();
  expect(state(studio).problems).toEqual([]);
});

it('a question that is answered while a run loads leaves how far the run is', async () => {
  const { port, say } = line();
  const studio = createStudio(port);
  const progress = { what: 'Preparing clips', done: 42, total: 96, unit: 'clips' };
  say({ type: 'progress', requestId: 3, ...progress }, { type: 'done', requestId: 3 });
  expect(state(studio).progress).toBeUndefined();
  say({ type: 'state', state: 'loading', step: 0, steps: 9 }, { type: 'progress', ...progress });
  say({ type: 'done', requestId: 4 });
  expect(state(studio).progress).toEqual(progress);
  say({ type: 'state', state: 'running', step: 0, steps: 9 });
  expect(state(studio).progress).toBeUndefined();
});
