import { expect, it } from 'vitest';
import { groupAdvantages } from '../../src/math/advantages.ts';
import { uniform } from '../../src/math/random.ts';
import { judge, largestChanges, signChanges, type Weighing } from '../../src/math/what-if.ts';

const GROUP = 4;
/** Three steps of two groups, two rewards, of which the second does not always apply. */
const steps = Int32Array.from({ length: 24 }, (_, at) => 1 + Math.floor(at / 8));
const accuracy = Float64Array.from(steps, (_, at) => Number(uniform(1, at) < 0.5));
const style = Float64Array.from(steps, (_, at) => (at % 5 === 0 ? Number.NaN : uniform(2, at)));
const scores = { groupSize: GROUP, steps, values: [accuracy, style] };
const byGroup: Weighing = { weights: [1, 1], aggregation: 'sum_then_normalize', scale: 'group' };

it.each<Weighing>([
  byGroup,
  { weights: [0.5, 2], aggregation: 'sum_then_normalize', scale: 'batch' },
  { weights: [], aggregation: 'normalize_then_sum', scale: 'none' },
])('each step is a batch of its own: %j', (weighing) => {
  const { advantages, totals, parts, signal, spread } = judge(scores, weighing);
  for (let start = 0; start < 24; start += 8) {
    const rows = Array.from({ length: 8 }, (_, at) => [accuracy[start + at]!, style[start + at]!]);
    const wanted = groupAdvantages(rows, { ...weighing, groupSize: GROUP });
    expect([...advantages.slice(start, start + 8)]).toEqual(wanted.advantages);
    expect([...totals.slice(start, start + 8)]).toEqual(wanted.totals);
  }
  const scored = [...style].filter((value) => !Number.isNaN(value));
  expect(parts[1]).toBeCloseTo(scored.reduce((sum, value) => sum + value, 0) / scored.length, 12);
  expect(signal).toBe(1);
  expect(spread).toBeGreaterThan(0);
});

it('a group whose answers all score the same has no signal', () => {
  const flat = Float64Array.from(steps, (_, at) => (at < 4 ? 1 : at));
  expect(judge({ groupSize: GROUP, steps, values: [flat] }, byGroup).signal).toBeCloseTo(5 / 6, 12);
});

it('tells the answers that would be pushed the other way, and those that change most', () => {
  const before = judge({ groupSize: 2, steps: [1, 1, 1, 1], values: [[0, 1, 0, 1]] }, byGroup);
  const after = judge({ groupSize: 2, steps: [1, 1, 1, 1], values: [[1, 0, 0, 1]] }, byGroup);
  expect(signChanges(before, after)).toBe(2);
  expect(largestChanges(before, after, 10)).toEqual([0, 1]);
  expect(largestChanges(before, after, 1)).toEqual([0]);
});
