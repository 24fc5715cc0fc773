/** Workings of a step's figures beside what the step itself computed, on rollouts of the toy model. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { formatMetric } from '../../src/math/format.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { MetricKey } from '../../src/protocol/metrics.ts';
import { answersOf, type StepFacts, sharesOf } from '../../src/protocol/working/facts.ts';
import { metricWorking } from '../../src/protocol/working/metric.ts';
import { type TokenFigure, tokenWorking } from '../../src/protocol/working/token.ts';
import { grpoStep, type StepReport } from '../../src/rl/step.ts';
import { valuesOf } from '../../src/worker/token-values.ts';
import { testGpu } from '../ops/harness.ts';
import { expectSound, resultOf } from '../reference/evaluate.ts';
import { textRun } from '../reference/text-run.ts';

const SETTINGS: Partial<Config> = {
  ...{ promptsPerStep: 3, groupSize: 4, maxCompletionLength: 5, temperature: 0.8, seed: 11 },
  ...{ rewards: ['accuracy', 'format'], rewardWeights: [1, 0.5], learningRate: 0.02, epsilon: 0.02 },
};
/** A quarter of the vocabulary ends a completion, so that lengths vary. */
const ENDS = Array.from({ length: 128 }, (_, i) => 4 * i + 3);

/** Every loss, both levels, every scaling and aggregation, with and without what can be added to a loss. */
const RUNS: Readonly<Record<string, Partial<Config>>> = {
  'dapo with a KL': { lossType: 'dapo', beta: 0.05 },
  'grpo, scaled by the batch, two updates, KL k2 cut': {
    ...{
      lossType: 'grpo',
      scaleRewards: 'batch',
      numIterations: 2,
      beta: 0.1,
      klEstimator: 'k2',
      klClamp: 0.1,
    },
  },
  'dr_grpo unscaled, dual clip and delta': {
    ...{
      lossType: 'dr_grpo',
      scaleRewards: 'none',
      numIterations: 2,
      delta: 1.5,
      dualClip: 3,
      entropyCoef: 0.01,
    },
  },
  'bnpo, rewards compared one by one, masked where cut': {
    ...{ lossType: 'bnpo', multiObjectiveAggregation: 'normalize_then_sum', maskTruncatedCompletions: true },
  },
  'luspo on sequences with a corrected sampler': {
    ...{
      lossType: 'luspo',
      importanceSamplingLevel: 'sequence',
      numIterations: 2,
      samplerCorrection: 'token_truncate',
    },
  },
  'cispo with KL k1': {
    ...{ lossType: 'cispo', numIterations: 2, epsilonHigh: 1.01, beta: 0.05, klEstimator: 'k1' },
    ...{ samplerCorrection: 'sequence_mask' },
  },
  sapo: { lossType: 'sapo', numIterations: 2, beta: 0.05 },
  vespo: { lossType: 'vespo', numIterations: 2 },
};

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

async function takenStep(changes: Partial<Config>): Promise<{ report: StepReport; facts: StepFacts }> {
  using run = await textRun(gpu, { ...SETTINGS, ...changes }, { endIds: ENDS });
  const { config } = run.context.setup;
  // With the second step the policy is away from its reference.
  if (config.beta > 0) await grpoStep(run.context, run.examples.slice(0, 3), 0);
  const report = await grpoStep(run.context, run.examples.slice(1, 4), 1);
  const { metrics, seconds, basis, groups } = report;
  // As it is kept: a line of text.
  const kept = JSON.parse(JSON.stringify(groups)) as StepFacts['groups'];
  return { report, facts: { step: 2, config, metrics, seconds, basis, groups: kept, tokensBefore: 100 } };
}

const SPEED = /^(tokens_per_second|step_time)/;
/** What no working makes again. */
const GIVEN: readonly MetricKey[] = ['grad_norm', 'memory/peak_bytes', 'entropy_coef', 'mfu', 'mbu'];

/** The figure is the step's: to 1e-6 of it, and to the last digit that is shown, but where sums cancel in 32 bits. */
function expectExplained(key: MetricKey, facts: StepFacts): void {
  const working = metricWorking(key, facts);
  const metric = (key === 'num_tokens' ? 100 : 0) + facts.metrics[key]!;
  expectSound(working);
  const found = resultOf(working);
  const size = SPEED.test(key) ? Math.abs(metric) : 1;
  expect(Math.abs(found - metric), `${key}: ${found} for ${metric}`).toBeLessThan(1e-6 * Math.max(1, size));
  const isCancelled = Math.abs(metric) < 1e-5;
  const isSaid = working.notes?.some((note) => note.includes('32-bit floats')) ?? false;
  if (!isCancelled) expect(formatMetric(found, 3), key).toBe(formatMetric(metric, 3));
  else
    expect(
      formatMetric(found, 3) === formatMetric(metric, 3) || isSaid,
      `${key}: ${found} for ${metric}`,
    ).toBe(true);
}

const FIGURES: readonly TokenFigure[] = [
  ...([
    'probability',
    'logProb',
    'sampler',
    'entropy',
    'mismatch',
    'ratio',
    'weight',
    'clip',
    'kl',
    'reference',
  ] as const),
  'loss',
];

/** The parts of the tokens add up to what the loss found of each answer. */
function expectTokens({ report, facts }: Awaited<ReturnType<typeof takenStep>>): void {
  const shares = sharesOf(facts);
  const answers = answersOf(facts);
  let compared = 0;
  for (const [place, tokens] of report.tokens!.entries()) {
    const { advantage, parts } = answers[place]!;
    const values = valuesOf(tokens, facts.config);
    const working = (figure: TokenFigure, at: number) =>
      tokenWorking(figure, { config: facts.config, values, at, advantage, share: shares[place], parts });
    for (let at = 0; at < tokens.ids.length; at++) {
      for (const figure of FIGURES) expectSound(working(figure, at));
    }
    if (!parts) {
      expect(working('loss', 0).notes?.join(' ')).toContain('no pass');
      continue;
    }
    const lines = Array.from(tokens.ids, (_, at) => working('loss', at).lines.at(-1)!);
    const sum = lines.reduce((all, { value }) => all + value, 0);
    const size = lines.reduce((all, { value }) => all + Math.abs(value), 0);
    expect(Math.abs(sum - parts.loss), `answer ${place}: ${sum} for ${parts.loss}`).toBeLessThan(
      1e-6 + 1e-4 * size,
    );
    const kl = Array.from(tokens.ids, (_, at) => working('kl', at).lines.at(-1)?.value ?? 0);
    if (parts.kl !== undefined) {
      expect(kl.reduce((all, value) => all + value, 0)).toBeCloseTo(parts.kl, 5);
      expect(kl).toEqual(Array.from(values.pass!.kl!, (value) => expect.closeTo(value, 6)));
    }
    compared++;
  }
  expect(compared).toBeGreaterThan(2);
}

/** It is said in the step's numbers why a loss near 0 is no fault. */
function expectNearZero(facts: StepFacts): void {
  const { notes = [] } = metricWorking('loss', facts);
  expect(notes.join(' ')).toContain('add up to 0');
  expect(notes.join(' ')).toContain(`0.05 × a mean KL of ${formatMetric(facts.metrics.kl, 3)} nats`);
}

describe('the working of each figure', () => {
  for (const [name, changes] of Object.entries(RUNS)) {
    it(`is what the run computed: ${name}`, async () => {
      const taken = await takenStep(changes);
      const { facts } = taken;
      const keys = (Object.keys(facts.metrics) as MetricKey[]).filter((key) => !GIVEN.includes(key));
      expect(keys).toContain('loss');
      for (const key of keys) expectExplained(key, facts);
      expectSound(metricWorking('grad_norm', facts));
      expect(metricWorking('grad_norm', facts).follows![0]!.value).toBeCloseTo(
        facts.basis!.gradientFactor,
        6,
      );
      expectTokens(taken);
      if (changes === RUNS['dapo with a KL']) expectNearZero(facts);
    });
  }
});
