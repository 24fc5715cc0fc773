import { expect, it } from 'vitest';
import { uniform } from '../../src/math/random.ts';
import type { Alarm, AlarmKind } from '../../src/protocol/alarms.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { RolloutGroup } from '../../src/protocol/messages.ts';
import type { MetricValues } from '../../src/protocol/metrics.ts';
import { answerFigures } from '../../src/rl/health/answer-figures.ts';
import { Health } from '../../src/rl/health/health.ts';
import type { Look } from '../../src/rl/health/health-look.ts';

const SAID_NOTHING: RolloutGroup = {
  exampleId: 'a',
  label: 'happy',
  completions: [
    {
      ...{ text: ' ', rawText: ' <|im_end|>', tokens: 2, ended: 'eos', rewards: { accuracy: 0 } },
      ...{ total: 0, advantage: 0, answer: null },
    },
  ],
};

type Shape = (step: number) => Partial<Look> & { metrics?: MetricValues };

/** A step of a run that is well, as the demo's steps are: noise of a fiftieth, a reward that climbs. */
function well(step: number): Look {
  const noise = (uniform(9, step) - 0.5) * 0.3;
  return {
    step,
    metrics: {
      reward: 1.1 + step / 100 + noise,
      reward_std: 0.63,
      frac_reward_zero_std: step % 6 === 0 ? 0.25 : 0,
      entropy: 0.24 - step / 900,
      loss: 0.01,
      grad_norm: 0.3,
      kl: 0.01,
      'completions/clipped_ratio': 0.08,
      'completions/mean_length': 16,
    },
  };
}

function watch(shape: Shape, steps: number, values: Partial<Config> = {}): Alarm[] {
  const health = new Health(parseConfig({ promptsPerStep: 8, groupSize: 8, ...values }));
  return Array.from({ length: steps }, (_, i) => i + 1).flatMap((step) => {
    const [look, change] = [well(step), shape(step)];
    return health.take({ ...look, ...change, metrics: { ...look.metrics, ...change.metrics } });
  });
}

const silent = (reward: number): MetricValues => ({
  ...{ reward, reward_std: 0, frac_reward_zero_std: 1, loss: 0, grad_norm: 0 },
});
const broken = { loss: Number.NaN, grad_norm: Number.NaN };
const notFinite = { evidence: 'Tensor w holds NaN.', hint: 'Get it again.' };
/** What a learning rate of 1 makes of the demo: right at the first step, and then the same nonsense for ever. */
const collapsed = (step: number): ReturnType<Shape> =>
  step === 1 ? {} : { metrics: { ...silent(0), 'completions/clipped_ratio': 1 } };

/** Runs with one fault each: the alarms they raise as kind, step and pause, and words that must be among what is said. */
const FAULTS: readonly [string, Shape, [AlarmKind, number, boolean][], RegExp, Partial<Config>?][] = [
  ['is well', () => ({}), [], /^$/],
  [
    'breaks for one step',
    (step) => (step === 7 ? { metrics: broken, notFinite } : {}),
    [['not finite', 7, false]],
    /loss is NaN and grad_norm is NaN: the step changed no weight\. Tensor w holds NaN\. Get it again\./,
  ],
  [
    'breaks for good',
    (step) => (step >= 7 ? { metrics: broken, ...(step === 7 ? { notFinite } : {}) } : {}),
    [
      ['not finite', 7, false],
      ['no finite update', 9, true],
      ['no finite update', 12, true],
    ],
    /3 steps in a row made no finite update\. Tensor w holds NaN\. Get it again\./,
  ],
  [
    'collapses at once, as with a learning rate of 1',
    collapsed,
    [
      ['cut short', 4, false],
      ['reward collapse', 6, true],
    ],
    /no longer come to an end.*at step 1 it was 8 % of them.*The policy collapsed.*"Learning rate" \(learningRate\)/,
  ],
  [
    'loses most of its reward late',
    (step) => (step > 9 ? { metrics: { reward: 0.3 } } : {}),
    [['reward collapse', 13, false]],
    /fell far below.*a checkpoint of step \d or before/,
  ],
  [
    'loses its variety before it is right',
    (step) => (step > 6 ? { metrics: { entropy: 0.001, reward: 1.1 } } : {}),
    [['entropy collapse', 11, false]],
    /Entropy 0\.001 nats/,
  ],
  [
    'loses its variety when all is right',
    (step) => (step > 6 ? { metrics: { entropy: 0.001, reward: 2 } } : {}),
    [],
    /^$/,
  ],
  [
    'drifts away',
    (step) => (step > 9 ? { metrics: { kl: 3 } } : {}),
    [['drift', 12, false]],
    /KL 3, 3, 3 nats per token/,
  ],
  [
    'is cut short from the start',
    () => ({ metrics: { 'completions/clipped_ratio': 1 } }),
    [['cut short', 3, false]],
    /All answers are cut short.*Raise "Longest answer" \(maxCompletionLength\), for example to 512/,
  ],
  [
    'has no signal for a while',
    (step) => (step > 2 && step < 9 ? { metrics: silent(1) } : {}),
    [['no signal', 7, false]],
    /5 steps in a row, 40 clips/,
  ],
  [
    'never has a signal, all wrong',
    () => ({ metrics: silent(0) }),
    [
      ['no signal', 5, false],
      ['no signal', 20, true],
    ],
    /all answers are wrong.*40 clips, all since the start/,
  ],
  [
    'knows it all',
    () => ({ metrics: silent(2) }),
    [
      ['no signal', 5, false],
      ['no signal', 20, true],
    ],
    /all answers are right.*nothing more to teach/,
  ],
  [
    'scores the same, half right',
    () => ({ metrics: silent(1) }),
    [
      ['no signal', 5, false],
      ['no signal', 20, true],
    ],
    /all answers to a clip score the same.*"Temperature"/,
  ],
  [
    'has no signal, but a variety bonus',
    () => ({ metrics: silent(0) }),
    [['no signal', 5, false]],
    /all answers are wrong/,
    { entropyCoef: 0.01 },
  ],
  [
    'says nothing',
    (step) => (step > 3 ? { answers: answerFigures([SAID_NOTHING]) } : {}),
    [['empty answers', 6, false]],
    /No answer of the last 3 steps holds any text.*tokenizer and model/,
  ],
];

it.each(FAULTS)('a run that %s raises just these alarms', (_, shape, expected, words, values) => {
  const steps = expected.length === 0 ? 200 : expected.some(([kind]) => kind === 'no signal') ? 22 : 13;
  const alarms = watch(shape, steps, values);
  expect(alarms.map(({ kind, step, pauses }) => [kind, step, pauses])).toEqual(expected);
  const said = alarms.map(({ message, evidence, hint }) => `${message} ${evidence} ${hint}`).join(' ');
  expect(said).toMatch(words);
});

it('alarms are said, but pause nothing where that is not wanted', () => {
  const alarms = watch(collapsed, 13, { pauseOnAlarm: false });
  expect(alarms.map(({ kind, pauses }) => [kind, pauses])).toEqual([
    ['cut short', false],
    ['reward collapse', false],
  ]);
});

it('chance alone raises no alarm of a collapse, whatever the number of clips', () => {
  for (const promptsPerStep of [1, 2, 8]) {
    const alarms = watch(
      (step) => {
        // Clips from hopeless to easy, four answers each.
        const answers = Array.from({ length: promptsPerStep * 4 }, (_, i) => {
          const ease = 1.6 * uniform(5, promptsPerStep, step, i >> 2) - 0.3;
          return Number(uniform(6, promptsPerStep, step, i) < ease);
        });
        const mean = answers.reduce((sum, value) => sum + value, 0) / answers.length;
        return { metrics: { reward: mean, reward_std: Math.sqrt(mean * (1 - mean)) } };
      },
      2000,
      { promptsPerStep, groupSize: 4, rewards: ['accuracy'] },
    );
    expect(alarms.filter(({ kind }) => kind === 'reward collapse')).toEqual([]);
  }
});

it('vouches for steps that are old enough to tell, and after a collapse for those before it', () => {
  const health = new Health(parseConfig({ promptsPerStep: 8 }));
  const goodSteps = Array.from({ length: 40 }, (_, i) => {
    const look = well(i + 1);
    health.take(i < 29 ? look : { ...look, metrics: { ...look.metrics, ...silent(0) } });
    return health.goodStep;
  });
  expect(goodSteps.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 1]);
  expect(goodSteps[28]).toBe(24);
  // The answers of step 30 are the first that are bad: what step 28 left is the last that surely answers well.
  expect(goodSteps[39]).toBeGreaterThanOrEqual(24);
  expect(goodSteps[39]).toBeLessThanOrEqual(28);
});

it('counts steps that were finite, and those that had a gradient', () => {
  const health = new Health(parseConfig({}));
  const steps: MetricValues[] = [{ loss: 0, grad_norm: 0 }, broken, { loss: 0.1, grad_norm: 0.2 }];
  steps.forEach((metrics, index) => void health.take({ step: index + 1, metrics }));
  expect(health.course).toEqual({ steps: 3, finite: 2, moved: 1 });
});
