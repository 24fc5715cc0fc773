import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AdvantageOptions, groupAdvantages } from '../../src/math/advantages.ts';
import { lengthMetrics, rewardMetrics } from '../../src/rl/measure/metrics.ts';

interface AdvantageCase {
  set: 'plain' | 'one_unscorable_row';
  mode: AdvantageOptions['aggregation'];
  scale: AdvantageOptions['scale'];
  weights: number[];
  G: number;
  adv: number[];
}

type Rewards = (number | null)[][];

const table = JSON.parse(
  readFileSync(new URL('../golden/grpo-losses/table.json', import.meta.url), 'utf8'),
) as {
  rewards: Rewards;
  rewards_unscorable: Rewards;
  advantage_cases: AdvantageCase[];
};

const options = (more: Partial<AdvantageOptions>): AdvantageOptions => ({
  groupSize: 4,
  aggregation: 'sum_then_normalize',
  scale: 'group',
  weights: [],
  ...more,
});

test('the golden table has its twelve cases', () => expect(table.advantage_cases.length).toBe(12));

describe('advantages equal those of TRL', () => {
  test.each(table.advantage_cases)('$set, $mode, $scale', ({ set, mode, scale, weights, G, adv }) => {
    const rewards = set === 'plain' ? table.rewards : table.rewards_unscorable;
    const { advantages } = groupAdvantages(rewards, { groupSize: G, aggregation: mode, scale, weights });
    // The table's numbers passed partly through float32: they agree with float64 to 2e-8.
    advantages.forEach((value, i) => {
      expect(Math.abs(value - adv[i]!)).toBeLessThan(5e-8);
    });
    expect(advantages.length).toBe(adv.length);
  });
});

test('a lone success among eight', () => {
  const { advantages } = groupAdvantages([[1], [0], [0], [0], [0], [0], [0], [0]], options({ groupSize: 8 }));
  expect(advantages[0]).toBeCloseTo(0.875 / (Math.sqrt(1 / 8) + 1e-4), 12);
});

test('equal rewards teach nothing; a constant added to all changes nothing', () => {
  const flat = groupAdvantages([[2], [2], [2], [2]], options({}));
  expect(flat.advantages).toEqual([0, 0, 0, 0]);
  expect(flat.zeroStd).toEqual([true]);
  const rewards = [[0], [1], [3], [1]];
  const shifted = rewards.map(([value]) => [value! + 5]);
  const [a, b] = [
    groupAdvantages(rewards, options({})).advantages,
    groupAdvantages(shifted, options({})).advantages,
  ];
  a.forEach((value, i) => {
    expect(b[i]).toBeCloseTo(value, 12);
  });
});

test('the zero-spread flag speaks of groups, whatever the scale', () => {
  const rewards = [[1], [1], [0], [1]];
  for (const scale of ['group', 'batch', 'none'] as const) {
    expect(groupAdvantages(rewards, options({ groupSize: 2, scale })).zeroStd).toEqual([true, false]);
  }
  expect(
    groupAdvantages(rewards, options({ groupSize: 2, aggregation: 'normalize_then_sum' })).zeroStd,
  ).toEqual([true, false]);
});

test('a group with a single scored row, or none, gets zeros', () => {
  const { advantages, totals } = groupAdvantages(
    [[1], [null], [null], [null], [0], [1], [0], [1]],
    options({}),
  );
  expect(advantages.slice(0, 4)).toEqual([0, 0, 0, 0]);
  expect(advantages[5]).toBeGreaterThan(0.8);
  expect(totals.slice(0, 2)).toEqual([1, Number.NaN]);
  expect(groupAdvantages([[null], [Number.NaN]], options({ groupSize: 2 })).advantages).toEqual([0, 0]);
});

test('rows that do not fall into groups are refused', () => {
  expect(() => groupAdvantages([[1], [2], [3]], options({}))).toThrow(
    /3 completions do not fall into groups of 4/,
  );
});

test('reward metrics under their published names', () => {
  const rewards = [
    [1, null],
    [0, null],
    [1, 0.5],
    [1, 1],
  ];
  const result = groupAdvantages(rewards, options({ groupSize: 2 }));
  const metrics = rewardMetrics(['accuracy', 'format'], rewards, result);
  expect(metrics.reward).toBeCloseTo((1 + 0 + 1.5 + 2) / 4, 12);
  expect(metrics.reward_std).toBeCloseTo(
    Math.sqrt((0.125 ** 2 + 1.125 ** 2 + 0.375 ** 2 + 0.875 ** 2) / 3),
    12,
  );
  expect(metrics['rewards/accuracy/mean']).toBe(0.75);
  expect(metrics['rewards/format/mean']).toBe(0.75);
  expect(metrics['rewards/format/std']).toBeCloseTo(Math.SQRT1_2 / 2, 12);
  expect(metrics.frac_reward_zero_std).toBe(0);
  expect(
    rewardMetrics(['a'], [[null], [null]], groupAdvantages([[null], [null]], options({ groupSize: 2 }))),
  ).toEqual({
    reward_std: 0,
    frac_reward_zero_std: 1,
    'rewards/a/std': 0,
  });
});

test('length metrics, with and without terminated completions', () => {
  expect(lengthMetrics([4, 8, 6], [true, false, true])).toEqual({
    'completions/mean_length': 6,
    'completions/min_length': 4,
    'completions/max_length': 8,
    'completions/mean_terminated_length': 5,
    'completions/min_terminated_length': 4,
    'completions/max_terminated_length': 6,
    'completions/clipped_ratio': 1 - 2 / 3,
  });
  expect(lengthMetrics([8, 8], [false, false])['completions/mean_terminated_length']).toBe(0);
});
