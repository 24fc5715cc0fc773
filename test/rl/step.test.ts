import { PerformanceObserver } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { RolloutGroup } from '../../src/protocol/messages.ts';
import { isMetricKey, type MetricKey } from '../../src/protocol/metrics.ts';
import { grpoStep, type StepReport } from '../../src/rl/step.ts';
import { testGpu } from '../ops/harness.ts';
import { PROMPT_LENGTH, type TextRun, textRun } from '../reference/text-run.ts';

const REWARDS: Config['rewards'] = ['accuracy', 'format'];
const SETTINGS: Partial<Config> = {
  promptsPerStep: 2,
  groupSize: 4,
  maxCompletionLength: 5,
  rewards: REWARDS,
  rewardWeights: [1, 0.5],
  lossType: 'dapo',
  beta: 0,
  temperature: 1,
  learningRate: 1e-3,
  seed: 11,
};

/** A quarter of the vocabulary ends a completion, so that lengths vary. */
const ENDS = Array.from({ length: 128 }, (_, i) => 4 * i + 3);

/** What TRL logs at every step, beside `epoch` and `step`, which the run that calls this adds. */
const ALWAYS: readonly MetricKey[] = [
  'loss',
  'grad_norm',
  'learning_rate',
  'num_tokens',
  'step_time',
  'completions/mean_length',
  'completions/min_length',
  'completions/max_length',
  'completions/mean_terminated_length',
  'completions/min_terminated_length',
  'completions/max_terminated_length',
  'completions/clipped_ratio',
  'reward',
  'reward_std',
  'frac_reward_zero_std',
  'entropy',
  ...REWARDS.flatMap((name) => [`rewards/${name}/mean`, `rewards/${name}/std`] as const),
];

let gpu: Gpu;
let run: TextRun;
let reports: StepReport[];
/** Entries of the browser's performance recording that the steps made. */
const traced: string[] = [];
beforeAll(async () => {
  gpu = await testGpu();
  run = await textRun(gpu, SETTINGS, { endIds: ENDS });
  const observer = new PerformanceObserver((list) =>
    traced.push(...list.getEntries().map(({ name }) => name)),
  );
  observer.observe({ entryTypes: ['measure'] });
  reports = await threeSteps(run);
  traced.push(...observer.takeRecords().map(({ name }) => name));
  observer.disconnect();
});
afterAll(() => run[Symbol.dispose]());

async function threeSteps({ context, examples }: TextRun): Promise<StepReport[]> {
  const found: StepReport[] = [];
  for (let step = 0; step < 3; step++)
    found.push(await grpoStep(context, examples.slice(step % 3, (step % 3) + 2), step));
  return found;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const std = (values: readonly number[]): number =>
  Math.sqrt(sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1));

/** Every metric that the stored rollouts determine, worked out again from them alone. */
function recomputed(groups: readonly RolloutGroup[], promptLength: number): Record<string, number> {
  const completions = groups.flatMap((group) => group.completions);
  const lengths = completions.map(({ tokens }) => tokens);
  const ended = completions.filter(({ ended }) => ended === 'eos').map(({ tokens }) => tokens);
  const finished = ended.length > 0 ? ended : [0];
  const totals = completions.map(({ total }) => total);
  const flat = groups.map((group) => std(group.completions.map(({ total }) => total)) <= 1e-8);
  const columns = REWARDS.map(
    (name) => [name, completions.map(({ rewards }) => rewards[name] as number)] as const,
  );
  return {
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/mean_terminated_length': mean(finished),
    'completions/min_terminated_length': Math.min(...finished),
    'completions/max_terminated_length': Math.max(...finished),
    'completions/clipped_ratio': 1 - ended.length / lengths.length,
    reward: mean(totals),
    reward_std: std(totals),
    frac_reward_zero_std: mean(flat.map(Number)),
    num_tokens: sum(lengths) + completions.length * promptLength,
    // On-policy every ratio is 1, so dapo's loss is minus the token-weighted mean advantage.
    loss: -sum(completions.map(({ advantage, tokens }) => advantage * tokens)) / sum(lengths),
    ...Object.fromEntries(
      columns.flatMap(([name, column]) => [
        [`rewards/${name}/mean`, mean(column)],
        [`rewards/${name}/std`, std(column)],
      ]),
    ),
  };
}

describe('grpoStep', () => {
  it('reports every metric that TRL always logs, all finite', () => {
    for (const { metrics } of reports) {
      for (const name of ALWAYS)
        expect(Number.isFinite(metrics[name]), `${name}: ${metrics[name]}`).toBe(true);
      expect(metrics.learning_rate).toBe(SETTINGS.learningRate);
      expect(metrics.grad_norm).toBeGreaterThan(0);
      expect(metrics.entropy).toBeGreaterThan(0);
      expect(metrics).not.toHaveProperty('kl');
    }
  });

  it('reports what the returned rollouts say, to 1e-6', () => {
    reports.forEach(({ metrics, groups }, step) => {
      for (const [name, value] of Object.entries(recomputed(groups, PROMPT_LENGTH))) {
        if (!isMetricKey(name)) throw new Error(`${name} is no metric.`);
        const scale = Math.max(1, Math.abs(value));
        expect(
          Math.abs(metrics[name]! - value) / scale,
          `step ${step}: ${name} ${metrics[name]} for ${value}`,
        ).toBeLessThan(1e-6);
      }
    });
  });

  it('returns a row for each completion, with totals and advantages that follow from its rewards', () => {
    for (const [step, { groups }] of reports.entries()) {
      expect(groups.map(({ exampleId }) => exampleId)).toEqual(
        run.examples.slice(step, step + 2).map(({ id }) => id),
      );
      for (const { completions, label } of groups) {
        expect(completions).toHaveLength(4);
        expect(run.examples.map((example) => example.label)).toContain(label);
        const totals = completions.map(({ rewards }) =>
          sum(REWARDS.map((name, k) => SETTINGS.rewardWeights![k]! * rewards[name]!)),
        );
        completions.forEach(({ total, advantage, tokens, ended }, i) => {
          expect(total).toBeCloseTo(totals[i]!, 9);
          expect(advantage).toBeCloseTo((totals[i]! - mean(totals)) / (std(totals) + 1e-4), 9);
          expect(tokens).toBeLessThanOrEqual(5);
          if (ended === 'length') expect(tokens).toBe(5);
        });
        expect(Math.abs(sum(completions.map(({ advantage }) => advantage)))).toBeLessThan(1e-3);
      }
    }
  });

  it('takes its time where it says it does', () => {
    for (const { metrics, seconds } of reports) {
      const phases = ['media', 'prefill', 'decode', 'rewards', 'forward', 'backward', 'optimizer', 'host'];
      expect(Object.keys(seconds)).toEqual(phases);
      expect(sum(Object.values(seconds))).toBeCloseTo(metrics.step_time!, 3);
      for (const part of ['prefill', 'decode', 'forward', 'backward', 'optimizer'])
        expect(seconds[part], part).toBeGreaterThan(0);
    }
  });

  it('leaves itself in the performance recording, and nothing in the list of entries', () => {
    const device = ['prefill', 'decode', 'policy forward', 'backward', 'optimizer step'];
    for (const name of ['step 1', 'step 2', 'step 3', 'rollout', 'rewards', 'update', ...device])
      expect(traced).toContain(name);
    expect(performance.getEntriesByType('measure')).toEqual([]);
  });

  it('does without clips that teach nothing, and without answers that are masked', async () => {
    using silent = await textRun(gpu, { ...SETTINGS, rewardWeights: [0, 0] }, { endIds: ENDS });
    const { metrics } = await grpoStep(silent.context, silent.examples.slice(0, 2), 0);
    expect(metrics).toMatchObject({ loss: 0, grad_norm: 0, groups_skipped: 2, frac_reward_zero_std: 1 });
    expect(metrics).not.toHaveProperty('entropy');
    expect(reports.map((one) => one.metrics.groups_skipped)).toContain(0);

    const masking = { ...SETTINGS, beta: 0.1, maskTruncatedCompletions: true };
    using masked = await textRun(gpu, masking, { endIds: ENDS });
    const { groups } = await grpoStep(masked.context, masked.examples.slice(0, 2), 0);
    const all = groups.flatMap(({ completions }) => completions);
    expect(new Set(all.map(({ ended }) => ended))).toEqual(new Set(['eos', 'length']));
    for (const { ended, meanKl } of all) expect(meanKl !== undefined).toBe(ended === 'eos');
  });

  it('gives the identical report from the same seed, and another from another', async () => {
    const timeless = ({ metrics, groups }: StepReport) => {
      const { step_time: _, 'memory/peak_bytes': __, ...rest } = metrics;
      const kept = Object.entries(rest).filter(([name]) => !name.startsWith('tokens_per_second/'));
      return { metrics: Object.fromEntries(kept), groups };
    };
    const again = async (seed: number) => {
      using other = await textRun(gpu, { ...SETTINGS, seed }, { endIds: ENDS });
      return (await threeSteps(other)).map(timeless);
    };
    expect(await again(11)).toEqual(reports.map(timeless));
    expect((await again(12))[0]!.groups).not.toEqual(timeless(reports[0]!).groups);
  });
});
