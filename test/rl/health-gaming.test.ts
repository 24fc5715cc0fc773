/** Runs that earn their reward in another way than was meant, one kind each, and runs that only look so. */
import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/math/random.ts';
import type { Alarm, AlarmKind } from '../../src/protocol/alarms.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { RolloutGroup } from '../../src/protocol/messages.ts';
import type { MetricValues } from '../../src/protocol/metrics.ts';
import { answerFigures, commonest, lengthCorrelation } from '../../src/rl/health/answer-figures.ts';
import { Health } from '../../src/rl/health/health.ts';

const STEPS = 40;
const LABELS = ['happy', 'sad', 'angry', 'neutral'];

interface Answer {
  readonly text: string;
  readonly tokens: number;
  readonly total: number;
}

interface Kind {
  /** What answer `index` of group `group` is; `share` goes from 0 to 1 over the run. */
  readonly answer?: (share: number, noise: number, label: string) => Partial<Answer>;
  readonly metrics?: (share: number, step: number) => MetricValues;
  readonly config?: Partial<Config>;
}

function completionOf({ text, tokens, total }: Answer): RolloutGroup['completions'][number] {
  const answer = /<answer>(.*)<\/answer>/.exec(text)?.[1] ?? null;
  return { text, rawText: text, tokens, ended: 'eos', rewards: {}, total, advantage: 0, answer };
}

/** Four clips of four labels a step, eight answers each. */
function groupsOf(step: number, { answer }: Kind): RolloutGroup[] {
  return LABELS.map((label, g) => ({
    exampleId: label,
    label,
    completions: Array.from({ length: 8 }, (_, c) => {
      const noise = uniform(3, step, g, c);
      const said = LABELS[Math.floor(noise * 4)]!;
      const usual = {
        text: `<think>the face and the voice say ${said} to me</think><answer>${said}</answer>`,
      };
      const scored = { tokens: 20 + Math.round(8 * uniform(4, step, g, c)), total: Number(said === label) };
      return completionOf({ ...usual, ...scored, ...answer?.(step / STEPS, noise, label) });
    }),
  }));
}

function alarmsOf(kind: Kind): Alarm[] {
  const health = new Health(parseConfig({ promptsPerStep: 4, groupSize: 8, ...kind.config }));
  return Array.from({ length: STEPS }, (_, i) => i + 1).flatMap((step) => {
    const groups = groupsOf(step, kind);
    const lengths = groups.flatMap(({ completions }) => completions.map(({ tokens }) => tokens));
    const jitter = 0.06 * (uniform(5, step) - 0.5);
    const metrics: MetricValues = {
      ...{ loss: 0.01, grad_norm: 0.3, entropy: 0.5, kl: 0.01, frac_reward_zero_std: 0 },
      ...{ reward: 1 + jitter, reward_std: 0.5 },
      ...{ 'rewards/accuracy/mean': 0.4 + jitter, 'rewards/format/mean': 0.6 + jitter },
      'completions/mean_length': lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
      ...kind.metrics?.(step / STEPS, step),
    };
    return health.take({ step, metrics, answers: answerFigures(groups) });
  });
}

/** Answers of 20 to 100 tokens, the longer the better, and more so with every step. */
const growing: Kind['answer'] = (share, noise) => ({
  tokens: Math.round(20 + 60 * share + 20 * noise),
  total: noise,
});
const jitterOf = (step: number) => 0.04 * (uniform(8, step) - 0.5);

const GAMED: readonly [string, Kind, AlarmKind, RegExp][] = [
  [
    'pays for length',
    { answer: growing },
    'paid for length',
    /Longer answers earn more.*correlate by (0\.9\d+|1) over 320 answers.*"Rewards" \(rewards\)/,
  ],
  [
    'pays for brevity',
    { answer: (share, noise) => ({ tokens: Math.round(80 - 60 * share + 10 * noise), total: -noise }) },
    'paid for length',
    /Shorter answers earn more/,
  ],
  [
    'repeats itself',
    { answer: (share) => (share > 0.5 ? { text: 'very happy and '.repeat(10) } : {}) },
    'repeats',
    /% of all triples of words occurred before.*0 % in the first 10/,
  ],
  [
    'says one thing to everything',
    { answer: (share) => (share > 0.3 ? { text: '<answer>Happy!</answer>' } : {}) },
    'one answer',
    /“happy” is \d+ % of the 320 answers.*that of 25 % of the rows/,
  ],
  [
    'learns the form alone',
    {
      metrics: (share, step) => ({
        'rewards/format/mean': Math.min(0.95, 0.1 + share) + jitterOf(step),
        'rewards/accuracy/mean': 0.3 + jitterOf(step),
      }),
    },
    'form only',
    /format rose from .* while accuracy went from/,
  ],
  [
    'learns its clips by heart',
    {
      metrics: (share, step) => ({
        reward: 0.5 + share + jitterOf(step),
        ...(step % 8 === 0 ? { 'eval/war': 0.7 - 0.4 * share } : {}),
      }),
    },
    'held-out falls',
    /Held-out score 0\.46 at step 24, 0\.62 at step 8/,
  ],
  [
    'wins one part and loses another',
    {
      metrics: (share, step) => ({
        'rewards/format/mean': 0.99,
        'rewards/accuracy/mean': 0.8 - 0.5 * share + jitterOf(step),
      }),
    },
    'part against part',
    /format 0\.99 of 1; accuracy 0\.\d+, 0\.\d+ at best/,
  ],
];

describe('a reward that is earned in another way than was meant', () => {
  it.each(GAMED)('a run that %s is told once, with the answers that show it', (_, kind, expected, words) => {
    const alarms = alarmsOf(kind).filter((alarm) => alarm.kind === expected);
    expect(alarms.map(({ kind, pauses }) => [kind, pauses])).toEqual([[expected, false]]);
    const [{ message, evidence, hint, step, answers }] = alarms as [Alarm];
    expect(`${message} ${evidence} ${hint}`).toMatch(words);
    expect(answers?.step).toBe(step);
  });

  it('the search of one answer to everything finds it', () => {
    const [alarm] = alarmsOf(GAMED[3]![1]).filter(({ kind }) => kind === 'one answer');
    expect(alarm?.answers?.search).toBe('happy');
  });
});

const HONEST: readonly [string, Kind][] = [
  ['is as it was at the start', {}],
  ['pays for length as asked', { answer: growing, config: { rewards: ['accuracy', 'soft_overlong'] } }],
  ['grows its answers, which pays nothing', { answer: (share) => ({ tokens: Math.round(20 + 60 * share) }) }],
  [
    'learns form and truth together',
    {
      metrics: (share, step) => ({
        'rewards/format/mean': Math.min(1, 0.3 + share) + jitterOf(step),
        'rewards/accuracy/mean': 0.3 + 0.5 * share + jitterOf(step),
      }),
    },
  ],
  [
    'rises on held-out clips too',
    {
      metrics: (share, step) => ({
        reward: 0.5 + share + jitterOf(step),
        ...(step % 8 === 0 ? { 'eval/war': 0.4 + 0.3 * share } : {}),
      }),
    },
  ],
];

it.each(HONEST)('a run that %s is not told of', (_, kind) => {
  expect(alarmsOf(kind).map((alarm) => alarm.kind)).toEqual([]);
});

it('one answer to clips of one label is right', () => {
  const happy = { exampleId: 'a', label: 'happy' };
  const completions = Array.from({ length: 8 }, () =>
    completionOf({ text: '<answer>happy</answer>', tokens: 9, total: 1 }),
  );
  const health = new Health(parseConfig({}));
  const alarms = Array.from({ length: 12 }, (_, i) =>
    health.take({ step: i + 1, metrics: {}, answers: answerFigures([{ ...happy, completions }]) }),
  ).flat();
  expect(alarms).toEqual([]);
});

it('length and reward are compared within groups, not between easy and hard clips', () => {
  expect(
    lengthCorrelation([
      { tokens: 1, reward: 1 },
      { tokens: -1, reward: -1 },
    ]),
  ).toBeCloseTo(1, 12);
  expect(
    lengthCorrelation([
      { tokens: 1, reward: 0 },
      { tokens: -1, reward: 0 },
    ]),
  ).toBeUndefined();
  const easyAreLong = [
    {
      exampleId: 'a',
      label: 'a',
      completions: [50, 52].map((tokens) => completionOf({ text: 'a', tokens, total: 1 })),
    },
    {
      exampleId: 'b',
      label: 'b',
      completions: [10, 12].map((tokens) => completionOf({ text: 'b', tokens, total: 0 })),
    },
  ];
  expect(lengthCorrelation(answerFigures(easyAreLong)!.deviations)).toBeUndefined();
});

it('counts the commonest value', () => {
  expect(commonest(['a', 'b', 'b'])).toEqual({ value: 'b', share: 2 / 3 });
});
