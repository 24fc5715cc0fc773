/** How a run that is not well rests, goes on and ends; steps are made up, what watches them is real. */
import { expect, it } from 'vitest';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { Event } from '../../src/protocol/messages.ts';
import type { MetricValues } from '../../src/protocol/metrics.ts';
import type { RewardSource } from '../../src/rewards/contract.ts';
import type { RewardTrouble } from '../../src/rewards/panel.ts';
import { Health } from '../../src/rl/health/health.ts';
import { slowRewards } from '../../src/rl/health/health-rewards.ts';
import type { Run } from '../../src/worker/run.ts';
import type { StepResult } from '../../src/worker/run-parts.ts';
import type { Recorder } from '../../src/worker/runs/recorder.ts';
import { Training } from '../../src/worker/training.ts';

const WELL: MetricValues = { loss: 0.1, grad_norm: 0.2, reward: 1, reward_std: 0.5, frac_reward_zero_std: 0 };
const BROKEN: MetricValues = { ...WELL, loss: Number.NaN, grad_norm: Number.NaN };
const SILENT: MetricValues = {
  ...WELL,
  loss: 0,
  grad_norm: 0,
  reward: 0,
  reward_std: 0,
  frac_reward_zero_std: 1,
};

/** A program that scores answers. */
const OWN: RewardSource = {
  ...({ name: 'mine', language: 'js', source: '', completions: 'text' } as const),
  hash: '00'.repeat(32),
};

/** Drives a run whose steps report what `metricsOf` says; `rests` is called at every rest, with the training. */
async function drive(
  metricsOf: (step: number) => MetricValues,
  values: Partial<Config>,
  rests: (training: Training) => void = (training) => training.ask('stop'),
  troublesOf: (step: number) => readonly RewardTrouble[] = () => [],
) {
  const config = parseConfig(values);
  const health = new Health(config);
  const run = {
    step: 0,
    config,
    parts: { gpu: { ledger: { parts: () => ({}), peak: 0 } } },
    health,
    rows: {},
    rest: () => undefined,
    makeReady: async () => true,
    async takeStep(): Promise<StepResult> {
      run.step++;
      return {
        step: run.step,
        metrics: metricsOf(run.step),
        seconds: {},
        groups: [],
        troubles: troublesOf(run.step),
      };
    },
    recordStep: (result: StepResult) => health.take(result),
    recordAnswers: () => undefined,
  };
  const kept: string[] = [];
  let vouched = 0;
  const recorder = {
    step: async () => undefined,
    alarm: async ({ kind, step }: { kind: string; step: number }) => void kept.push(`${kind} at ${step}`),
    save: async () => void kept.push(`checkpoint of ${run.step}`),
    isDue: () => false,
    protect(step: number) {
      vouched = step;
    },
  };
  const events: Event[] = [];
  const reasons: (string | undefined)[] = [];
  const training: Training = new Training('go on', {
    emit: (event) => void events.push(event),
    progress: () => ({ step: run.step, steps: config.steps }),
    work: (use) => use(run as unknown as Run, recorder as unknown as Recorder),
    newIssues: () => undefined,
    measure: () => Promise.reject(new Error('nothing is held out')),
    measureStart: async () => undefined,
    show(what, why) {
      if (what === 'step') return;
      reasons.push(why);
      setTimeout(() => rests(training));
    },
  });
  await training.drive();
  return { run, kept, vouched, events, reasons, end: training.endOf(run) };
}

it('a run that breaks rests after three broken steps, keeps a checkpoint, and says why', async () => {
  const { run, kept, events, reasons, end } = await drive((step) => (step < 3 ? WELL : BROKEN), {
    steps: 50,
  });
  expect(run.step).toBe(5);
  expect(reasons).toEqual(['3 steps in a row made no finite update.']);
  expect(kept.slice(0, 3)).toEqual(['not finite at 3', 'no finite update at 5', 'checkpoint of 5']);
  expect(end).toEqual({ state: 'stopped', message: '3 steps in a row made no finite update.' });
  expect(events.flatMap((event) => (event.type === 'alarm' ? event.alarm.kind : []))).toEqual([
    'not finite',
    'no finite update',
  ]);
});

it('goes on when asked, and rests again after three more', async () => {
  let rests = 0;
  const { run, reasons } = await drive(
    () => BROKEN,
    { steps: 50 },
    (training) => training.ask(++rests < 2 ? 'go on' : 'stop'),
  );
  expect(run.step).toBe(6);
  expect(reasons).toHaveLength(2);
});

it('a run that never made a finite update has failed, however it came to its end', async () => {
  const message = /^None of \d+ steps made a finite update: no weight has changed\.$/;
  const stopped = await drive(() => BROKEN, { steps: 50 });
  expect(stopped.end).toEqual({ state: 'failed', message: expect.stringMatching(message) });
  const through = await drive(() => BROKEN, { steps: 7, pauseOnAlarm: false });
  expect(through.reasons).toEqual([]);
  expect(through.run.step).toBe(7);
  expect(through.end).toEqual({ state: 'failed', message: expect.stringMatching(message) });
  const short = await drive(() => BROKEN, { steps: 1 });
  expect(short.end.state).toBe('failed');
});

it('a run without any gradient rests where it is pointless, and says so where it finishes before', async () => {
  const long = await drive(() => SILENT, { steps: 50 });
  expect(long.run.step).toBe(20);
  expect(long.reasons).toEqual(['No group has a signal: all answers are wrong.']);
  const short = await drive(() => SILENT, { steps: 4 });
  expect(short.end).toEqual({
    state: 'finished',
    message: 'None of 4 steps had a gradient: no weight has changed.',
  });
});

it('a run that is well finishes without a word, and its good steps are vouched for', async () => {
  const { end, kept, vouched } = await drive(() => WELL, { steps: 8 });
  expect(end).toEqual({ state: 'finished' });
  expect(kept).toEqual(['checkpoint of 8']);
  expect(vouched).toBe(3);
});

it('a run rests after three batches in a row that a reward did not score, and goes on once it is mended', async () => {
  const message = 'The reward mine failed: x is undefined';
  const config: Partial<Config> = { steps: 12, rewards: ['format', 'mine'], rewardSources: [OWN] };
  const { run, kept, reasons, end, events } = await drive(
    () => WELL,
    config,
    (training) => training.ask('go on'),
    // Broken at 2, and from 4 until it is mended at the rest.
    (step) => (step === 2 || (step > 3 && step < 7) ? [{ reward: 'mine', message, isScored: false }] : []),
  );
  expect(reasons).toEqual([message]);
  expect(kept).toEqual([
    'reward failed at 2',
    'reward failed at 4',
    'reward failed at 6',
    'checkpoint of 6',
    'checkpoint of 12',
  ]);
  const alarms = events.flatMap((event) => (event.type === 'alarm' ? event.alarm : []));
  expect(alarms.map(({ evidence, hint, metric, pauses }) => [evidence, hint, metric, pauses])).toEqual(
    [
      ['A batch was', false] as const,
      ['A batch was', false] as const,
      ['3 batches in a row were', true] as const,
    ].map(([count, pauses]) => [
      `${count} not scored by it. Its answers are scored by format alone.`,
      ...['Mend mine, then go on.', 'rewards/mine/mean', pauses],
    ]),
  );
  expect([run.step, end]).toEqual([12, { state: 'finished' }]);
});

it('what a reward logged and was left out is said once, and stops nothing', async () => {
  const { kept, reasons } = await drive(
    () => WELL,
    { steps: 8 },
    undefined,
    () => [{ reward: 'format', message: 'Of what format logged: something.', isScored: true }],
  );
  expect([kept, reasons]).toEqual([['reward failed at 1', 'checkpoint of 8'], []]);
});

it('a reward that costs a step too much is told with its time, once for every row of such steps', async () => {
  const config = parseConfig({
    rewards: ['format', 'mine'],
    rewardSources: [OWN],
    promptsPerStep: 8,
    groupSize: 8,
  });
  const slow = slowRewards(config, { format: 0.4, mine: 4.2 }, 12);
  const message = 'The reward mine took 4.2 s for 64 answers, of the step’s 12 s.';
  expect(slow).toEqual([{ reward: 'mine', message, isScored: true, isSlow: true }]);
  expect(slowRewards(config, { format: 0.4, mine: 1.1 }, 12)).toEqual([]);
  const { kept, events } = await drive(
    () => WELL,
    { ...config, steps: 8 },
    undefined,
    (step) => (step === 2 || step > 5 ? slow : []),
  );
  expect(kept).toEqual(['slow reward at 2', 'slow reward at 6', 'checkpoint of 8']);
  expect(events.flatMap((event) => (event.type === 'alarm' ? event.alarm : []))[0]).toMatchObject({
    ...{ message, metric: 'step_time', pauses: false },
    hint: expect.stringMatching(/^Make mine quicker/),
  });
});
