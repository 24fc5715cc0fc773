/** Workings of rewards and advantages: what is printed comes to what the run computed. */
import { describe, expect, it } from 'vitest';
import { groupAdvantages } from '../../src/math/advantages.ts';
import { formatMetric } from '../../src/math/format.ts';
import { uniform } from '../../src/math/random.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { MetricKey } from '../../src/protocol/metrics.ts';
import type { Completion, RolloutGroup } from '../../src/protocol/results.ts';
import { advantageWorking, rewardWorking, totalWorking } from '../../src/protocol/working/advantage.ts';
import type { StepFacts } from '../../src/protocol/working/facts.ts';
import { operand, printed, sumText } from '../../src/protocol/working/line.ts';
import { metricWorking } from '../../src/protocol/working/metric.ts';
import { lengthMetrics, rewardMetrics } from '../../src/rl/measure/metrics.ts';
import { learningRateAt } from '../../src/rl/step.ts';
import { evaluate, expectSound, resultOf } from '../reference/evaluate.ts';

const GROUP = 4;
const REWARDS: Config['rewards'] = ['accuracy', 'format', 'repetition'];

/** Rewards of three groups: continuous, of few values, and all the same; some do not apply. */
function madeRewards(): (number | null)[][] {
  return Array.from({ length: 3 * GROUP }, (_, row) => {
    const at = (k: number) => uniform(7, row, k);
    if (row >= 2 * GROUP) return [1, 0.5, null];
    if (row >= GROUP) return [Math.round(at(0)), Math.round(at(1)), at(2) < 0.4 ? null : Math.round(at(2))];
    return [at(0) - 0.5, at(1) / 3, at(2) * 7 - 3];
  });
}

function madeStep(changes: Partial<Config>): { facts: StepFacts; advantages: number[]; totals: number[] } {
  const config = {
    ...parseConfig({ groupSize: GROUP, maxCompletionLength: 9, steps: 12, ...changes }),
    rewards: REWARDS,
    rewardWeights: [1, 0.5, -0.25],
  };
  const rows = madeRewards();
  const found = groupAdvantages(rows, {
    groupSize: GROUP,
    aggregation: config.multiObjectiveAggregation,
    scale: config.scaleRewards,
    weights: config.rewardWeights,
  });
  const completions = rows.map(
    (row, at): Completion => ({
      ...{ text: '', rawText: '', answer: null, tokens: 1 + ((at * 5) % 9) },
      ended: at % 3 === 0 ? 'length' : 'eos',
      rewards: Object.fromEntries(REWARDS.map((name, k) => [name, row[k]!])),
      ...{ total: found.totals[at]!, advantage: found.advantages[at]! },
    }),
  );
  const groups = [0, 1, 2].map(
    (g): RolloutGroup => ({
      ...{ exampleId: `${g}`, label: 'sad' },
      completions: completions.slice(g * GROUP, (g + 1) * GROUP),
    }),
  );
  const metrics = {
    ...rewardMetrics(REWARDS, rows, found),
    ...lengthMetrics(
      completions.map(({ tokens }) => tokens),
      completions.map(({ ended }) => ended !== 'length'),
    ),
  };
  return { facts: { step: 3, config, metrics, seconds: {}, groups }, ...found };
}

describe('a printed expression', () => {
  it('is evaluated with signs, brackets, squares and roots as a reader would', () => {
    expect(evaluate('(1 + 2 × 0.5) / √(4² + 3²) − −2')).toBeCloseTo(2.4, 12);
    expect(evaluate('min(1, 0.1 / (2 + 1e−6)) × max(0, 3)')).toBeCloseTo(0.3 / 2.000001, 12);
    expect(() => evaluate('1 +')).toThrow();
    expect(() => evaluate('1 2')).toThrow('goes on');
  });

  it('has signs that are no hyphens, brackets around what is negative, and equal numbers once', () => {
    expect([printed(-1 / 3), printed(1e-7), operand(-2)]).toEqual(['−0.3333333333', '1e−7', '(−2)']);
    expect(sumText([1, -2, 1, 0.5, -2])).toBe('2 × 1 + 2 × (−2) + 0.5');
    expect(sumText([])).toBe('0');
  });
});

describe('an advantage', () => {
  for (const multiObjectiveAggregation of ['sum_then_normalize', 'normalize_then_sum'] as const) {
    for (const scaleRewards of ['group', 'batch', 'none'] as const) {
      it(`is what the step computed: ${multiObjectiveAggregation}, scaled by ${scaleRewards}`, () => {
        const { facts, advantages, totals } = madeStep({ multiObjectiveAggregation, scaleRewards });
        let moved = 0;
        for (let at = 0; at < advantages.length; at++) {
          const place = { group: Math.floor(at / GROUP), answer: at % GROUP };
          const [total, advantage] = [totalWorking(facts, place), advantageWorking(facts, place)];
          expectSound(total);
          expectSound(advantage);
          expect(resultOf(total)).toBeCloseTo(totals[at]!, 12);
          expect(resultOf(advantage)).toBeCloseTo(advantages[at]!, 12);
          if (Math.abs(advantages[at]!) > 0.1) moved++;
        }
        expect(moved).toBeGreaterThan(4);
      });
    }
  }

  it('says what a reward that does not apply leaves out', () => {
    const { facts } = madeStep({});
    const name = REWARDS[2]!;
    const place = { group: 2, answer: 0 };
    expect(rewardWorking(facts, place, name)).toMatchObject({ lines: [] });
    expect(rewardWorking(facts, place, name).notes?.join(' ')).toContain('does not apply');
    expect(totalWorking(facts, place).lines[0]!.filled).toBe('1 × 1 + 0.5 × 0.5');
    expect(advantageWorking(facts, place).notes?.join(' ')).toContain('teaches nothing');
    const given = rewardWorking(facts, { group: 0, answer: 1 }, name);
    expectSound(given);
    expect(given.follows![0]!.value).toBe(-0.25 * given.lines[0]!.value);
  });
});

describe('a figure of a chart', () => {
  it('of rewards and lengths is what the step computed', () => {
    const { facts } = madeStep({});
    const keys = Object.keys(facts.metrics) as MetricKey[];
    expect(keys.length).toBeGreaterThan(12);
    for (const key of keys) {
      const working = metricWorking(key, facts);
      expectSound(working);
      expect(formatMetric(resultOf(working), 3), key).toBe(formatMetric(facts.metrics[key], 3));
      expect(resultOf(working), key).toBeCloseTo(facts.metrics[key]!, 9);
    }
  });

  it('of the learning rate follows every schedule, warm-up included', () => {
    for (const schedule of ['constant', 'linear', 'cosine'] as const) {
      for (const step of [1, 2, 3, 7, 12]) {
        const { facts } = madeStep({ schedule, warmupSteps: 2, learningRate: 3e-5 });
        const working = metricWorking('learning_rate', { ...facts, step });
        expectSound(working);
        expect(evaluate(working.lines[0]!.filled!)).toBeCloseTo(learningRateAt(facts.config, step - 1), 12);
        expect(resultOf(working)).toBe(learningRateAt(facts.config, step - 1));
      }
    }
  });

  it('that cannot be worked out again says why', () => {
    const { facts } = madeStep({});
    const said = (key: MetricKey, changes: Partial<StepFacts> = {}) => {
      const { lines, notes = [] } = metricWorking(key, { ...facts, ...changes });
      expect(lines).toEqual([]);
      return notes.join(' ');
    };
    expect(said('loss')).toContain('earlier version');
    expect(said('reward', { groups: [] })).toContain('not at hand');
    expect(said('kl', { groups: [] })).toContain('not at hand');
    expect(said('loss', { config: { ...facts.config, stage: 'sft' } })).toContain('supervised');
    expect(said('tokens_per_second/generate')).toContain('earlier version');
    expect(
      said('num_tokens', {
        basis: {
          promptTokens: 1,
          updatePromptTokens: 1,
          rollout: 1,
          update: 1,
          gradientFactor: 1,
          settings: {},
        },
      }),
    ).toContain('before');
    expect(said('mfu')).toContain('GPU');
    expect(said('log/length')).toContain('not kept');
    expect(said('grad_norm')).toContain('not finite');
  });
});
