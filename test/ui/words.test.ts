/** The pure parts of the page: what it says, which rows it shows, how it reads what is typed. */
import { describe, expect, it } from 'vitest';
import { humanOmni } from '../../src/families/humanomni/index.ts';
import { qwen3 } from '../../src/families/qwen-text/index.ts';
import { qwen2Vl, qwen25Vl } from '../../src/families/qwen-vl/index.ts';
import { NO_FILTER, wantsBareText } from '../../src/protocol/answer-search.ts';
import { type Config, fieldOf, parseConfig } from '../../src/protocol/config.ts';
import { compareEvals } from '../../src/protocol/evaluation.ts';
import type { ClosedEval, DataSummary, RolloutGroup } from '../../src/protocol/messages.ts';
import { METRIC_KEYS, metricOf } from '../../src/protocol/metrics.ts';
import { readClip } from '../../src/rl/measure/score-clips.ts';
import type { StepRecord } from '../../src/store/state.ts';
import {
  answerCounts,
  baselinesOf,
  commonConfusions,
  evalName,
  gainWords,
  headline,
  historyOf,
  newestOf,
  notCompared,
  points,
  type Selection,
  scoreWords,
  selectClips,
  startOf,
  worstFirst,
} from '../../src/ui/evaluate/scores.ts';
import {
  bytesOf,
  CHOICES,
  chosenFiles,
  everything,
  firstDraft,
  nothingOf,
  partsOf,
  unavailable,
} from '../../src/ui/export/choices.ts';
import { pythonSnippet } from '../../src/ui/export/python-snippet.ts';
import { fieldInWords, inWords } from '../../src/ui/parts/use-words.ts';
import { rewardNames, rolloutRows } from '../../src/ui/rollouts/rows.ts';
import { chartsOf, chartTestId, withValues } from '../../src/ui/train/chart-list.ts';
import { phaseBars } from '../../src/ui/train/phase-bars.ts';
import { readNumber, readNumbers } from '../../src/ui/train/read-field.ts';
import { learningLine, trend } from '../../src/ui/train/sentences.ts';
import { roundTicks, stepTicks } from '../../src/ui/train/ticks.ts';
import { greedyEval, openEval } from '../reference/eval-result.ts';

const record = (step: number, metrics: StepRecord['metrics']): StepRecord => ({ step, metrics, seconds: {} });
const rising = Array.from({ length: 20 }, (_, i) => record(i + 1, { reward: i < 10 ? 0.5 : 1.5 }));

describe('phases of a step', () => {
  it('are shares of the whole, in plain words; old names stay as they are', () => {
    expect(phaseBars({ decode: 0.6, host: 0.15, score: 0.25 })).toEqual([
      { name: 'Rollout: decode', value: 60, text: '60 % · 600 ms' },
      { name: 'Host', value: 15, text: '15 % · 150 ms' },
      { name: 'score', value: 25, text: '25 % · 250 ms' },
    ]);
    expect(phaseBars({ host: 0 })).toEqual([{ name: 'Host', value: 0, text: '0 % · 0 ms' }]);
  });
});

describe('words of a language model', () => {
  const questions = { data: { kind: 'questions' } as DataSummary, model: undefined };

  it('are questions for clips, one or more, also in settings', () => {
    expect(inWords(questions, 'Clips: a clip, not what is clipped')).toBe(
      'Questions: a question, not what is clipped',
    );
    expect(fieldInWords(questions, fieldOf('evalLimit'))).toMatchObject({
      label: 'Questions to evaluate',
      unit: 'questions',
    });
  });

  it('leave the clips of a ratio and of a gradient alone', () => {
    const bounds = (['epsilon', 'epsilonHigh', 'dualClip', 'lossType', 'maxGradNorm'] as const).map(fieldOf);
    for (const row of bounds) {
      expect(`${row.label} ${row.help}`).toMatch(/\bclip\b/i);
      expect(fieldInWords(questions, row)).toEqual(row);
    }
  });
});

describe('sentences', () => {
  it('compare the first steps with the last', () => {
    expect(trend(rising, 'reward', 'Reward')).toBe('Reward rose from 0.5 to 1.5 in 20 steps.');
    expect(trend([...rising].reverse(), 'reward', 'Reward')).toBe('Reward fell from 1.5 to 0.5 in 20 steps.');
    expect(trend(rising.slice(0, 10), 'reward', 'Reward')).toBe('Reward stayed near 0.5 over 10 steps.');
    expect(trend(rising.slice(0, 1), 'reward', 'Reward')).toBe('Reward is 0.5 after one step.');
    expect(trend(rising, 'kl', 'Drift')).toBe('Drift has no value yet.');
  });

  it('ignore values that are not finite', () => {
    expect(trend([record(1, { loss: Number.NaN }), record(2, { loss: 2 })], 'loss', 'Loss')).toContain(
      'stayed near 2',
    );
  });

  it('say so where the newest steps have no value', () => {
    expect(trend([...rising, record(21, {})], 'reward', 'Reward')).toBe(
      'Reward rose from 0.5 to 1.5 in 20 steps. No value since step 20.',
    );
    expect(trend([record(1, { kl: 0.2 }), record(2, {}), record(3, {})], 'kl', 'Drift')).toBe(
      'Drift is 0.2 after one step. No value since step 1.',
    );
  });

  it('speak of loss and held-out scores where nothing is rewarded', () => {
    const steps = Array.from({ length: 20 }, (_, i) => record(i + 1, { loss: 2 - i / 20 }));
    expect(learningLine(steps)).toBe('Loss fell from 1.9 to 1.15 in 20 steps.');
    const measured = [...steps, record(21, { loss: 1, 'eval/war': 0.75 })];
    expect(learningLine(measured)).toContain('Held-out accuracy: 75.0 %.');
    expect(learningLine([record(1, { loss: 1, 'eval/score': 0.5 })])).toBe(
      'Loss is 1 after one step. Held-out score: 50.0 %.',
    );
  });

  it('mention signal and drift only where they are measured', () => {
    expect(learningLine(rising)).toBe('Reward rose from 0.5 to 1.5 in 20 steps.');
    const steps = [record(1, { reward: 1, kl: 0.02, frac_reward_zero_std: 0.25 })];
    expect(learningLine(steps)).toBe(
      'Reward is 1 after one step. 75 % of groups give a signal. Drift from start: 0.02 nats per token.',
    );
  });
});

describe('roundTicks', () => {
  it.each([
    [0.4, 1, [0.4, 0.6, 0.8, 1]],
    [1.43, 2.01, [1.4, 1.6, 1.8, 2, 2.2]],
    [-0.049, 0.06, [-0.05, 0, 0.05, 0.1]],
    [0, 0, [-0.1, -0.05, 0, 0.05, 0.1]],
    [5, 5, [4.5, 5, 5.5]],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, []],
  ])('from %d to %d', (low, high, ticks) => {
    expect(roundTicks(low, high)).toEqual(ticks);
  });

  it('always encloses, with few ticks', () => {
    for (let i = 0; i < 200; i++) {
      const low = Math.sin(i) * 10 ** ((i % 9) - 4);
      const high = low + Math.abs(Math.cos(i)) * 10 ** ((i % 7) - 3);
      const ticks = roundTicks(low, high);
      expect(ticks[0]).toBeLessThanOrEqual(low + Math.abs(low) * 1e-6);
      expect(ticks[ticks.length - 1]).toBeGreaterThanOrEqual(high - Math.abs(high) * 1e-6);
      expect(ticks.length).toBeLessThanOrEqual(7);
    }
  });
});

it.each([
  [1, 40, [10, 20, 30, 40]],
  [1, 2000, [500, 1000, 1500, 2000]],
  [1, 3, [1, 2, 3]],
  [7, 7, [7]],
  [400, 409, [400, 402, 404, 406, 408]],
  [1, 50, [10, 20, 30, 40, 50]],
])('steps from %d to %d get round marks', (first, last, ticks) => {
  expect(stepTicks(first, last)).toEqual(ticks);
});

const completion = (answer: string | null, total: number) => ({
  text: `<answer>${answer}</answer>`,
  rawText: '',
  tokens: 3,
  ended: 'eos' as const,
  rewards: { accuracy: total },
  total,
  advantage: 0,
  answer,
});
const groups: RolloutGroup[] = [
  {
    exampleId: 'a',
    label: 'angry',
    completions: [completion('angry', 1), completion('sad', 0), completion(null, 0)],
  },
  { exampleId: 'b', label: 'sad', completions: [completion('sad', 1), completion('sad', 1)] },
];

describe('rollout rows', () => {
  it('mark the first of each group, also after filtering', () => {
    expect(rolloutRows(groups, NO_FILTER).map(({ first }) => first)).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    const wrong = rolloutRows(groups, { ...NO_FILTER, wrongOnly: true });
    expect(wrong.map(({ id, first }) => [id, first])).toEqual([
      ['0.1', true],
      ['0.2', false],
    ]);
  });

  it('filter by label, silence and words', () => {
    expect(rolloutRows(groups, { ...NO_FILTER, label: 'sad' }).map(({ exampleId }) => exampleId)).toEqual([
      'b',
      'b',
    ]);
    expect(rolloutRows(groups, { ...NO_FILTER, silentOnly: true })).toHaveLength(2);
    expect(rolloutRows(groups, { ...NO_FILTER, search: 'ANGRY' })).toHaveLength(1);
    expect(rewardNames(groups)).toEqual(['accuracy']);
  });

  it('take a text without tags for the answer where no tags are wanted', () => {
    const bare = [
      { ...groups[0]!, completions: [{ ...groups[0]!.completions[0]!, answer: null, text: ' sad\n' }] },
    ];
    const answers = (isBare: boolean) => rolloutRows(bare, NO_FILTER, isBare).map(({ answer }) => answer);
    expect([answers(false), answers(true)]).toEqual([[null], ['sad']]);
    const filter = { ...NO_FILTER, wrongOnly: true };
    const right = [{ ...bare[0]!, label: 'sad' }];
    expect([rolloutRows(right, filter, true), rolloutRows(right, filter)].map((each) => each.length)).toEqual(
      [0, 1],
    );
    const config = (values: Partial<Config>) => wantsBareText(parseConfig(values));
    expect([
      config({}),
      config({ promptPreset: 'eval' }),
      config({ rewards: ['accuracy'] }),
      config({ rewards: ['accuracy', 'format_tolerant'] }),
    ]).toEqual([false, true, true, false]);
  });
});

describe('evaluations', () => {
  const TRUTH = ['angry', 'angry', 'sad'];
  const measured = (step: number, answers: string[], over: Partial<ClosedEval> = {}) =>
    greedyEval(TRUTH, answers, { step, ...over });
  const start = measured(0, ['angry', 'sad', 'none']);
  const later = measured(20, ['angry', 'angry', 'Sad']);
  const muted = measured(20, TRUTH, { mute: 'audio' });
  const other = measured(20, TRUTH, { split: 'val' });

  it('say which others cannot be compared, and why', () => {
    expect(notCompared([start, later, other], later)).toEqual([
      'step 20 · greedy: its rows are of val, not of test.',
    ]);
  });

  it('list the commonest confusions, unreadable answers among them', () => {
    const result = greedyEval(['a', 'a', 'a', 'b'], ['b', 'b', '?', 'b']);
    expect(commonConfusions(result, 5)).toEqual([
      { truth: 'a', answer: 'b', count: 2 },
      { truth: 'a', answer: null, count: 1 },
    ]);
    expect(commonConfusions(result, 1)).toHaveLength(1);
  });

  it('of scored rows are written by their kind, and sorted with the worst first', () => {
    const open = openEval([
      { kind: 'number', gold: '1', said: ['1'] },
      { kind: 'number', gold: '2', said: ['none'] },
    ]);
    expect(worstFirst(open.clips).map(({ score }) => score)).toEqual([0, 1]);
    expect([headline(open), headline(later, 0)]).toEqual(['50.0 %', '67 %']);
    expect(selectClips({ kind: 'unreadable' }, open, undefined)).toMatchObject({
      title: 'no answer could be read',
      clips: [{ exampleId: 'clip-1' }],
    });
    expect(answerCounts(open.clips[0]!)).toBe('1');
    expect([scoreWords('number', 0.5), scoreWords('rewards/repetition', -0.25)]).toEqual(['50.0 %', '-0.25']);
    expect([gainWords('number', -0.5), gainWords('rewards/repetition', 0.25)]).toEqual(['−50.0', '+0.25']);
  });

  it('show the newest with both senses, against the weights as loaded under the same measure', () => {
    expect(newestOf([start, later, muted])).toBe(later);
    expect(newestOf([muted])).toBe(muted);
    expect(newestOf([])).toBeUndefined();
    const again = { ...start };
    expect(startOf([start, again, other, later], later)).toBe(again);
    expect(startOf([start, muted], muted)).toBeUndefined();
    expect(startOf([start, again], start)).toBeUndefined();
    expect(baselinesOf([start, later, muted, other, measured(0, TRUTH, { n: 2 })], later)).toEqual([
      start,
      muted,
    ]);
  });

  it('show the furthest step against the start, though the start was measured last', () => {
    const evals = [later, muted, start];
    expect(newestOf(evals)).toBe(later);
    expect(startOf(evals, later)).toBe(start);
  });

  it('make a history by step, the last of each step', () => {
    const again = { ...later };
    expect(historyOf([later, start, again, muted, other], later)).toEqual([start, again]);
    expect(historyOf([later, start, again], later)[1]).toBe(again);
  });

  it('list the clips of a cell, the unreadable ones and those that changed', () => {
    const change = compareEvals(start, later);
    const ids = (selection: Selection) =>
      selectClips(selection, later, change).clips.map(({ exampleId }) => exampleId);
    expect(ids({ kind: 'cell', truth: 'angry', answer: 'angry' })).toEqual(['clip-0', 'clip-1']);
    expect(ids({ kind: 'cell', truth: 'sad', answer: null })).toEqual(['clip-2']);
    expect(ids({ kind: 'unreadable' })).toEqual(['clip-2']);
    expect([ids({ kind: 'fixed' }), ids({ kind: 'broken' }), ids({ kind: 'changed' })]).toEqual([
      ['clip-1'],
      [],
      ['clip-1'],
    ]);
    expect(selectClips({ kind: 'fixed' }, later, undefined).clips).toEqual([]);
  });

  it('have names, and differences have signs', () => {
    const sampled = { samples: 8, temperature: 0.7 };
    expect([start, muted, { ...later, sampled }].map(evalName)).toEqual([
      'start · greedy',
      'step 20 · greedy · picture only',
      'step 20 · vote of 8, T = 0.7',
    ]);
    expect([0.195, -0.04, 0, -0.0001, Number.NaN].map((change) => points(change))).toEqual([
      '+19.5',
      '−4.0',
      '±0.0',
      '±0.0',
      '–',
    ]);
    const clip = readClip({ id: 'a', label: 'sad' }, ['angry', 'sad', 'sad', '?'], ['angry', 'sad']);
    expect(answerCounts(clip)).toBe('sad ×2, angry, unreadable');
  });
});

describe('reading what is typed', () => {
  it('numbers, nothing, and what is neither', () => {
    expect(readNumber(' 4e-4 ', false)).toBe(4e-4);
    expect(readNumber('', true)).toBeNull();
    expect(readNumber('', false)).toBe('');
    expect(readNumber('4e-', false)).toBe('4e-');
    expect(readNumbers('1, 0.5,')).toEqual([1, 0.5]);
    expect(readNumbers('1, x')).toBe('1, x');
  });
});

describe('charts', () => {
  const { core, more } = chartsOf([
    record(1, { reward: 1, 'rewards/format/mean': 1, 'rewards/format/std': 0 }),
  ]);
  const charts = [...core, ...more.flatMap((one) => one.charts)];

  it('show every metric once, under the group of its row', () => {
    const drawn = charts.flatMap(({ keys, band = [] }) => [...keys, ...band]);
    const there = [...METRIC_KEYS, 'rewards/format/mean', 'rewards/format/std'];
    expect(drawn.sort()).toEqual(there.sort());
    for (const { group, keys, band = [] } of charts)
      for (const key of [...keys, ...band]) expect(metricOf(key).group, key).toBe(group);
  });

  it('have colours enough, names of their own, and a fixed first screen', () => {
    for (const { id, keys } of charts) expect(keys.length, id).toBeLessThanOrEqual(4);
    expect(new Set(charts.map(({ id }) => chartTestId(id))).size).toBe(charts.length);
    expect(core).toHaveLength(8);
    expect(chartsOf([]).core.map(({ id }) => id)).toEqual(core.map(({ id }) => id));
    const heldOut = chartsOf([]).more.flatMap(({ charts }) =>
      charts.filter(({ id }) => id === 'Held-out clips'),
    )[0]!;
    expect(heldOut.keys).toEqual(['eval/war', 'eval/uar', 'eval/score']);
    expect(withValues(heldOut, [])).toBe(heldOut);
    expect(withValues(heldOut, [record(1, { 'eval/score': 0.5 }), record(2, {})]).keys).toEqual([
      'eval/score',
    ]);
  });

  it('are named for tests', () => {
    expect(chartTestId('completions/mean_length')).toBe('chart-completions-mean_length');
  });
});

describe('the Python that loads an export', () => {
  it('names the folder the files are in', () => {
    const lines = (...paths: string[]) => pythonSnippet(paths, 'base', humanOmni.handoff.loading);
    expect(lines('model/model.safetensors', 'adapter/adapter_config.json')).toContain(
      'PeftModel.from_pretrained(model, "adapter")',
    );
    expect(lines('model/bert/model.safetensors', 'model/main/model-00001-of-00002.safetensors')).toContain(
      'model_init("model/main")',
    );
    expect(lines('checkpoint-6/trainer_state.json', 'checkpoint-6/optimizer.pt')).toContain(
      'torch.load("checkpoint-6/optimizer.pt", weights_only=True)',
    );
    expect(lines('handoff/checkpoint-6/adapter_config.json', 'handoff/r1omni/model.safetensors')).toContain(
      'PeftModel.from_pretrained(model, "handoff/checkpoint-6")',
    );
    expect(lines('handoff/README.md', 'handoff/r1omni/model.safetensors')).toContain(
      'model_init("handoff/r1omni")',
    );
    expect(lines('metrics.jsonl')).toContain('pandas.read_json("metrics.jsonl", lines=True)');
    expect(pythonSnippet(['model/model.safetensors'], 'base', qwen2Vl.handoff.loading)).toContain(
      'Qwen2VLForConditionalGeneration.from_pretrained("model"',
    );
    expect(pythonSnippet(['adapter/adapter_config.json'], 'base', qwen25Vl.handoff.loading)).toContain(
      'Qwen2_5_VLForConditionalGeneration.from_pretrained("base"',
    );
    const text = pythonSnippet(['model/model.safetensors'], 'base', qwen3.handoff.loading);
    expect(text).toContain('AutoModelForCausalLM.from_pretrained("model"');
    expect(text).toContain('tokenizer = AutoTokenizer.from_pretrained("model")');
  });
});

describe('what can be exported', () => {
  const lora = parseConfig({});
  const draft = { ...firstDraft('BF16'), parts: { ...firstDraft('BF16').parts, checkpoint: true } };

  it('leaves out what the run does not have, and says why', () => {
    expect(partsOf(draft, lora, 3)).toEqual({
      merged: 'bf16',
      adapter: true,
      checkpoint: true,
      handoff: false,
      clips: false,
      metrics: true,
      rollouts: true,
      predictions: true,
      logs: true,
      report: true,
    });
    const full = parseConfig({ loraRank: 0, trainDecoder: true });
    expect(partsOf(draft, full, 3)).toMatchObject({ adapter: false, checkpoint: false, merged: 'bf16' });
    expect(unavailable('checkpoint', lora, 0)).toBe('no step has been taken');
    expect(unavailable('checkpoint', { ...lora, stage: 'sft' }, 3)).toBe('the run is not GRPO');
    expect(unavailable('checkpoint', { ...lora, trainGate: true }, 3)).toBe(
      'the run trains more than the adapter',
    );
    expect(unavailable('adapter', undefined, 0)).toBe('no run yet');
    expect(unavailable('adapter', full, 3)).toBe('the run has no LoRA');
    const bundled = { ...draft.parts, handoff: true, clips: true };
    expect(unavailable('clips', lora, 3, draft.parts)).toBe('they lie in the hand-off bundle');
    expect(partsOf({ ...draft, parts: bundled }, lora, 3)).toMatchObject({ handoff: true, clips: true });
    expect(partsOf({ ...draft, parts: { ...bundled, handoff: false } }, lora, 3).clips).toBe(false);
  });

  it('offers no adapter where the plan of a run has none', () => {
    const adapter = CHOICES.find(({ part }) => part === 'adapter')!;
    const merged = { path: 'model/model.safetensors', bytes: 100 };
    expect(nothingOf(adapter, [merged])).toMatch(/not the published ones/);
    expect(nothingOf(adapter, [merged, { path: 'adapter/adapter_config.json', bytes: 1 }])).toBeUndefined();
    expect(nothingOf(adapter, [])).toBeUndefined();
  });

  it('adds the chosen files up', () => {
    const plan = [
      { path: 'model/model.safetensors', bytes: 100 },
      { path: 'adapter/adapter_model.safetensors', bytes: 20 },
      { path: 'handoff/r1omni/model.safetensors', bytes: 50 },
      { path: 'handoff/media/clips/0.mp4', bytes: 7 },
      { path: 'metrics.jsonl', bytes: 3 },
    ];
    expect(bytesOf(chosenFiles(partsOf(draft, lora, 3), plan))).toBe(123);
    expect(
      chosenFiles({ ...everything('f32'), merged: null, adapter: false }, plan).map(({ path }) => path),
    ).toEqual(['handoff/r1omni/model.safetensors', 'handoff/media/clips/0.mp4', 'metrics.jsonl']);
    expect(
      chosenFiles({ ...everything('f32'), merged: null, adapter: false, clips: false }, plan),
    ).toHaveLength(2);
  });
});
