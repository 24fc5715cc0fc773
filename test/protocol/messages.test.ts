import { describe, expect, it } from 'vitest';
import { decodeCommand, decodeEvent } from '../../src/protocol/decode.ts';
import { withoutTexts } from '../../src/protocol/evaluation.ts';
import { isMetricKey, METRIC_KEYS, metricOf, metricsOf } from '../../src/protocol/metrics.ts';
import { presetConfig } from '../../src/protocol/presets.ts';
import { evalResult, greedyEval, openEval } from '../reference/eval-result.ts';
import { memoryFolder } from '../reference/memory-folder.ts';
import { storedRun } from '../reference/stored-run.ts';

const completion = {
  text: 'a',
  rawText: 'a<|im_end|>',
  tokens: 2,
  ended: 'eos',
  rewards: { accuracy: 1, format: null },
  total: 1,
  advantage: 0.5,
  answer: 'a',
};

const EVERYTHING = {
  merged: 'bf16',
  adapter: true,
  checkpoint: true,
  handoff: true,
  metrics: true,
  rollouts: true,
};

const ALARM = { kind: 'drift', step: 1, message: 'm', evidence: 'e', hint: 'h', pauses: false, metric: 'kl' };
const DEVICE = {
  ...{ vendor: 'a', architecture: 'b', description: 'c', isSoftware: true },
  ...{ features: [], limits: {} },
};
const PREVIEW = {
  ...{ exampleId: 'a', frames: [], waveform: new Float32Array(1), prompt: 'p', tokens: 1 },
  logMel: { mels: 1, columns: 1, values: new Float32Array(1) },
};
const PLAN = {
  ...{ encoding: 1, passes: { perGroup: 1, tokens: 1 }, training: {} },
  work: { promptTokens: 1, answerTokens: 1, passFlops: 1, prefillFlops: 1, decodeBytes: 1 },
  rewards: 0,
  peak: { training: 1, withRewards: 1, withTowers: 1 },
};
const RUN = storedRun();
/** Without the quartiles of its samples. */
const ROW = { kernel: 'k', shape: 's', peer: 'p', oursMs: 1, theirsMs: 1, ratio: 1 };
const REPORT = {
  ...{ adapter: 'a', date: '2026', clock: 'wall', ceilings: { gflops: 1, gigabytes: 1 } },
  ...{ rows: [], summary: {} },
};

describe('decodeCommand', () => {
  it('passes good commands through, files by reference', () => {
    const file = new File(['x'], 'a.mp4');
    const command = { type: 'openData', requestId: 1, files: [{ path: 'clips/a.mp4', file }] };
    expect(decodeCommand(structuredClone({ type: 'pause' }))).toEqual({ type: 'pause' });
    expect(decodeCommand(command)).toBe(command);
    const folder = memoryFolder('chosen').handle;
    const save = { type: 'export', requestId: 1, parts: EVERYTHING, place: { kind: 'folder', folder } };
    expect(decodeCommand(save)).toBe(save);
    const again = { ...save, run: { id: 'a', name: 'brave-otter', step: 3 } };
    expect(decodeCommand(again)).toBe(again);
    for (const step of [4, 'best', 'good'])
      expect(decodeCommand({ type: 'resumeRun', requestId: 1, runId: 'a', step })).toMatchObject({ step });
  });

  it('completes the config of start and step', () => {
    expect(decodeCommand({ type: 'start', config: { groupSize: 4 } })).toMatchObject({
      config: { groupSize: 4, steps: 100 },
    });
    expect(decodeCommand({ type: 'step' })).toEqual({ type: 'step' });
    expect(decodeCommand({ type: 'step', config: presetConfig('demo') })).toMatchObject({
      config: { steps: 120 },
    });
  });

  it.each([
    [undefined, 'Unknown command undefined; expected one of openDemo'],
    [{ type: 'launch' }, 'Unknown command "launch"'],
    [{ type: 'preview', requestId: 1 }, 'The command "preview" is malformed at exampleId'],
    [
      { type: 'openData', requestId: 1, files: [{ path: 3 }] },
      'The command "openData" is malformed at files',
    ],
    [{ type: 'evaluate', requestId: 1, split: 'dev' }, 'malformed at split'],
    [{ type: 'resumeRun', requestId: 1, runId: 'a', step: 'last' }, 'malformed at step'],
    [
      { type: 'evaluate', requestId: 1, split: 'test', sampled: { samples: 0, temperature: 1 } },
      'malformed at sampled.samples',
    ],
    [{ type: 'downloadModel', requestId: 1, source: { id: 'a/b' } }, 'malformed at source.baseUrl'],
    [{ type: 'openModelFolder', requestId: 1, folder: '/etc' }, 'malformed at folder'],
    [{ type: 'removeModel', requestId: 1 }, 'malformed at key'],
    [{ type: 'planExport', requestId: 1, parts: { merged: true } }, 'malformed at parts.merged'],
    [
      { type: 'export', requestId: 1, parts: EVERYTHING, place: { kind: 'folder', folder: 'models' } },
      'malformed at place.folder: expected a directory handle',
    ],
    [
      { type: 'export', requestId: 1, parts: EVERYTHING, place: { kind: 'archive' }, run: { id: 'a' } },
      'malformed at run.name',
    ],
    [{ type: 'openData', requestId: 1, files: [{ path: 'a', file: new Blob() }] }, 'malformed at files'],
    [{ type: 'start', config: { groupSize: 0 } }, 'groupSize is 0'],
    [{ type: 'preview', requestId: 1, exampleId: 'a', config: 3 }, 'The config is 3; expected an object'],
    [{ type: 'start' }, 'malformed at config'],
  ])('refuses %j', (message, text) => {
    expect(() => decodeCommand(message)).toThrow(text);
  });
});

describe('decodeEvent', () => {
  it('lets numbers that are not finite through: the page shows them', () => {
    const event = {
      type: 'step',
      step: 3,
      metrics: { loss: Number.NaN, kl: Number.POSITIVE_INFINITY },
      seconds: { rollout: 1 },
    };
    expect(decodeEvent(event)).toBe(event);
  });

  it('checks rollouts by their first member', () => {
    const groups = [{ exampleId: 'a', label: 'angry', completions: [completion] }];
    expect(decodeEvent({ type: 'rollouts', step: 1, groups })).toMatchObject({ groups });
    const stopped = [{ ...groups[0], question: 'Why?', completions: [{ ...completion, ended: 'stop' }] }];
    expect(decodeEvent({ type: 'rollouts', step: 1, groups: stopped })).toMatchObject({ groups: stopped });
    const bad = [{ exampleId: 'a', label: 'angry', completions: [{ ...completion, ended: 'tired' }] }];
    expect(() => decodeEvent({ type: 'rollouts', step: 1, groups: bad })).toThrow('malformed at groups');
  });

  it('knows evaluations, greedy and sampled, also without texts and without a number', () => {
    const greedy = greedyEval(['sad'], ['sad'], { uar: Number.NaN, mute: 'video' });
    const texts = ['sad', 'happy'];
    const sampled = evalResult([{ label: 'sad', texts }], ['happy', 'sad'], { best: true });
    const open = openEval([{ kind: 'number', gold: '1', said: ['2', '1'] }]);
    for (const result of [greedy, sampled, withoutTexts(sampled), open, withoutTexts(open)]) {
      expect(decodeEvent({ type: 'eval', result })).toEqual({ type: 'eval', result });
    }
    const { tolerant, ...rest } = greedy;
    expect(() => decodeEvent({ type: 'eval', result: rest })).toThrow('malformed at result.tolerant');
    const scores = { ...open.scores, kinds: [{ ...open.scores.kinds[0], kind: 'guess' }] };
    expect(() => decodeEvent({ type: 'eval', result: { ...open, scores } })).toThrow(
      'malformed at result.scores.kinds.0.kind',
    );
    const clips = [{ ...greedy.clips[0], exact: 1 }];
    expect(() => decodeEvent({ type: 'eval', result: { ...rest, tolerant, clips } })).toThrow(
      'malformed at result.clips',
    );
  });

  it('lets what those below are made of through', () => {
    const row = { ...ROW, oursSpread: [1, 2], theirsSpread: null };
    const events = [
      { type: 'alarm', alarm: ALARM },
      { type: 'ready', device: { ...DEVICE, variants: { decode: 'subgroup' } } },
      { type: 'preview', requestId: 1, preview: { ...PREVIEW, seconds: 2 } },
      { type: 'plan', requestId: 1, plan: PLAN, whatIf: [{ label: 'x', change: { loraRank: 4 }, peak: 1 }] },
      { type: 'resumed', requestId: 1, run: RUN, config: presetConfig('demo') },
      { type: 'bench', requestId: 1, report: { ...REPORT, rows: [row] }, done: 1, total: 1 },
    ];
    for (const event of events) expect(decodeEvent(event)).toBe(event);
  });

  it.each([
    [{ type: 'step', step: 3, metrics: { loss: 'low' }, seconds: {} }, 'malformed at metrics'],
    [{ type: 'state', state: 'asleep', step: 0, steps: 0 }, 'malformed at state'],
    [{ type: 'done' }, 'malformed at requestId'],
    [{ type: 'models', models: [{ key: 'a' }] }, 'malformed at models'],
    [{ type: 'download', requestId: 1, status: { key: 'a', phase: 'flying' } }, 'malformed at status'],
    [{ type: 'step', step: 3, metrics: { luck: 1 }, seconds: {} }, 'malformed at metrics.luck'],
    [{ type: 'alarm', alarm: { ...ALARM, metric: 'luck' } }, 'malformed at alarm.metric'],
    [
      { type: 'ready', device: { ...DEVICE, variants: { decode: 3 } } },
      'malformed at device.variants.decode',
    ],
    [{ type: 'preview', requestId: 1, preview: { ...PREVIEW, frames: ['frame'] } }, 'at preview.frames.0'],
    [{ type: 'preview', requestId: 1, preview: { ...PREVIEW, seconds: 'two' } }, 'at preview.seconds'],
    [
      { type: 'plan', requestId: 1, plan: PLAN, whatIf: [{ label: 'x', change: { lora: 1 }, peak: 1 }] },
      'at whatIf.0.change',
    ],
    [
      { type: 'resumed', requestId: 1, run: RUN, config: { groupSize: 4 } },
      'at config: expected a complete config',
    ],
    [
      { type: 'bench', requestId: 1, report: { ...REPORT, rows: [ROW] }, done: 1, total: 1 },
      'at report.rows',
    ],
    ['hello', 'Unknown event'],
  ])('refuses %j', (message, text) => {
    expect(() => decodeEvent(message)).toThrow(text);
  });
});

describe('metrics', () => {
  it('has words for every key, and for rewards by part', () => {
    for (const key of METRIC_KEYS)
      expect(metricOf(key)).toMatchObject({ key, help: expect.stringMatching(/\.$/) });
    expect(metricOf('rewards/accuracy/mean')).toMatchObject({
      label: 'accuracy',
      direction: 'up',
      group: 'Reward',
    });
    expect(metricOf('log/share of tags')).toMatchObject({ label: 'share of tags', direction: 'none' });
    expect(isMetricKey('log/')).toBe(false);
    expect(metricsOf(['reward', 'log/a', 'x']).map(({ key }) => key)).toEqual([...METRIC_KEYS, 'log/a']);
    expect(isMetricKey('rewards/format/std')).toBe(true);
    expect(isMetricKey('rewards/format/median')).toBe(false);
    expect(isMetricKey('toString')).toBe(false);
  });
});
