import { expect, it } from 'vitest';
import { bootstrapIntervals } from '../../src/math/bootstrap.ts';
import { meanOfGroups } from '../../src/math/mean-intervals.ts';
import { uniform } from '../../src/math/random.ts';
import { recallIntervals } from '../../src/math/recall-intervals.ts';
import { mean } from '../../src/math/stats.ts';

const SCORES = Array.from({ length: 24 }, (_, i) => uniform(3, 0, i));

it('of one group is the mean and its percentile bootstrap', () => {
  const { mean: found, interval } = meanOfGroups(
    SCORES.map(() => 'a'),
    SCORES,
    { seed: 7 },
  );
  expect(found).toBeCloseTo(mean(SCORES), 12);
  const [expected] = bootstrapIntervals(
    SCORES.length,
    (rows) => [mean(Array.from(rows, (row) => SCORES[row]!))],
    { seed: 7 },
  );
  expect(interval![0]).toBeCloseTo(expected![0], 12);
  expect(interval![1]).toBeCloseTo(expected![1], 12);
});

it('of several groups counts each alike: with rights and wrongs it is UAR', () => {
  const groups = SCORES.map((_, i) => (i < 18 ? 'a' : 'b'));
  const rights = SCORES.map((score) => Number(score > 0.4));
  const { mean: found, interval } = meanOfGroups(groups, rights, { seed: 7 });
  const of = (name: string) => mean(rights.filter((_, i) => groups[i] === name));
  expect(found).toBeCloseTo((of('a') + of('b')) / 2, 12);
  const said = groups.map((group, i) => (rights[i] ? group : null));
  const { uar } = recallIntervals(groups, said, { seed: 7 });
  expect(interval![0]).toBeCloseTo(uar![0], 12);
  expect(interval![1]).toBeCloseTo(uar![1], 12);
});

it('has no interval where resampling tells nothing', () => {
  expect(meanOfGroups(['a', 'a', 'b'], [1, 1, 0], { seed: 7 })).toEqual({ mean: 0.5 });
  expect(meanOfGroups(['a', 'a'], [1, 0], { seed: 7 }).interval).toBeDefined();
});
