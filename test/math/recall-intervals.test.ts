import { describe, expect, it } from 'vitest';
import { bootstrapIntervals } from '../../src/math/bootstrap.ts';
import { classificationScores } from '../../src/math/classification.ts';
import { randomU32 } from '../../src/math/random.ts';
import { pairedComparison, recallIntervals } from '../../src/math/recall-intervals.ts';
import { mean, quantile } from '../../src/math/stats.ts';

const shareOf = (flags: readonly number[]) => (rows: Uint32Array) => [mean([...rows].map((i) => flags[i]!))];

describe('bootstrapIntervals', () => {
  it('draws as many rows as there are, all of them possible, with repeats', () => {
    const seen = new Set<number>();
    let repeats = 0;
    bootstrapIntervals(
      5,
      (rows) => {
        expect(rows).toHaveLength(5);
        for (const row of rows) seen.add(row);
        repeats += 5 - new Set(rows).size;
        return [0];
      },
      { seed: 1, resamples: 50 },
    );
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(repeats).toBeGreaterThan(0);
  });

  it('gives the same interval for the same seed, and the percentiles of the draws', () => {
    const flags = [1, 1, 0, 1, 0, 0, 1, 1, 1, 0];
    const values: number[] = [];
    const record = (rows: Uint32Array) => {
      const [share] = shareOf(flags)(rows);
      values.push(share!);
      return [share!];
    };
    const [interval] = bootstrapIntervals(10, record, { seed: 7, resamples: 1000 });
    expect(interval).toEqual([quantile(values, 0.025), quantile(values, 0.975)]);
    expect(values).toHaveLength(1000);
    expect(bootstrapIntervals(10, shareOf(flags), { seed: 7, resamples: 1000 })).toEqual([interval]);
    const [narrower] = bootstrapIntervals(10, shareOf(flags), { seed: 7, confidence: 0.5 });
    expect(narrower![1] - narrower![0]).toBeLessThan(interval![1] - interval![0]);
  });

  it('of a share agrees with the normal approximation of the binomial', () => {
    const flags = Array.from({ length: 400 }, (_, i) => Number(i % 5 < 3));
    const [interval] = bootstrapIntervals(400, shareOf(flags), { seed: 11 });
    const half = 1.96 * Math.sqrt((0.6 * 0.4) / 400);
    expect(interval![0]).toBeCloseTo(0.6 - half, 2);
    expect(interval![1]).toBeCloseTo(0.6 + half, 2);
  });

  it('leaves out draws without a value, and has none without rows', () => {
    const some = (rows: Uint32Array) => [rows.includes(0) ? 1 : Number.NaN];
    expect(bootstrapIntervals(3, some, { seed: 1 })).toEqual([[1, 1]]);
    expect(bootstrapIntervals(0, shareOf([]), { seed: 1 })).toEqual([[Number.NaN, Number.NaN]]);
  });
});

/** Seeded truth and predictions over three labels, right with the given chance in a hundred. */
function answers(seed: number, n: number, percent: number) {
  const labels = ['a', 'b', 'c'];
  const truth = Array.from({ length: n }, (_, i) => labels[i % 3]!);
  const predictions = truth.map((label, i) => (randomU32(seed, i) % 100 < percent ? label : null));
  return { truth, predictions };
}

describe('recallIntervals', () => {
  it('encloses WAR and UAR, and is narrower with more clips', () => {
    const widths = [30, 300].map((n) => {
      const { truth, predictions } = answers(2, n, 60);
      const { war, uar } = recallIntervals(truth, predictions, { seed: 5 });
      const scores = classificationScores(truth, predictions);
      if (!war || !uar) throw new Error('These clips differ: both can be estimated.');
      expect([war[0] < scores.war, scores.war < war[1], uar[0] < scores.uar, scores.uar < uar[1]]).toEqual([
        true,
        true,
        true,
        true,
      ]);
      return uar[1] - uar[0];
    });
    expect(widths[1]).toBeLessThan(widths[0]! / 2);
  });

  it('scores each resample as the whole set is scored: UAR over the labels that were drawn', () => {
    const truth = ['a', 'a', 'a', 'b'];
    const predictions = ['a', 'a', null, null];
    const uars: number[] = [];
    const { uar } = recallIntervals(truth, predictions, { seed: 3, resamples: 1000 });
    bootstrapIntervals(
      4,
      (rows) => {
        const [drawn, answered] = [[...rows].map((i) => truth[i]!), [...rows].map((i) => predictions[i]!)];
        uars.push(classificationScores(drawn, answered).uar);
        return [0];
      },
      { seed: 3, resamples: 1000 },
    );
    expect(uar).toEqual([quantile(uars, 0.025), quantile(uars, 0.975)]);
    // Without the only clip of b, UAR is the recall of a alone.
    expect(uars).toEqual(expect.arrayContaining([0, 0.5, 1]));
  });

  it('cannot be estimated where the clips of every label are all right or all wrong', () => {
    const truth = ['a', 'a', 'a', 'b', 'b', 'c'];
    const of = (...predictions: (string | null)[]) => recallIntervals(truth, predictions, { seed: 3 });
    expect(of('a', 'a', 'a', null, null, 'a').uar).toBeNull();
    expect(of('a', 'a', 'a', null, null, 'a').war).not.toBeNull();
    expect(of('a', 'a', 'a', 'b', 'b', 'c')).toEqual({ war: null, uar: null });
    expect(of('b', 'b', 'b', null, 'a', 'a')).toEqual({ war: null, uar: null });
    expect(of('a', 'a', null, 'b', 'b', 'c').uar).not.toBeNull();
    expect(recallIntervals([], [], { seed: 3 })).toEqual({ war: null, uar: null });
  });
});

describe('pairedComparison', () => {
  it('gives changes, and clips fixed, broken and changed, worked out by hand', () => {
    const truth = ['a', 'a', 'b', 'b', 'b', 'c'];
    const before = ['a', 'x', 'b', null, 'a', 'a'];
    const after = ['b', 'a', 'b', 'b', 'c', 'a'];
    const { war, uar, fixed, broken, changed } = pairedComparison(truth, before, after, { seed: 1 });
    expect(war.change).toBeCloseTo(3 / 6 - 2 / 6, 12);
    expect(uar.change).toBeCloseTo((1 / 2 + 2 / 3 + 0) / 3 - (1 / 2 + 1 / 3 + 0) / 3, 12);
    expect({ fixed, broken, changed }).toEqual({ fixed: [1, 3], broken: [0], changed: [0, 1, 3, 4] });
  });

  it('is zero between equal predictions, which do not tell how sure that is', () => {
    const { truth, predictions } = answers(1, 40, 50);
    const { war, uar, changed } = pairedComparison(truth, predictions, predictions, { seed: 1 });
    expect([war, uar]).toEqual([
      { change: 0, interval: null },
      { change: 0, interval: null },
    ]);
    expect(changed).toEqual([]);
  });

  it('turns its sign with the order', () => {
    const { truth, predictions: before } = answers(1, 60, 40);
    const { predictions: after } = answers(2, 60, 70);
    const there = pairedComparison(truth, before, after, { seed: 4 });
    const back = pairedComparison(truth, after, before, { seed: 4 });
    expect(back.uar.change).toBeCloseTo(-there.uar.change, 12);
    expect(back.uar.interval![0]).toBeCloseTo(-there.uar.interval![1], 9);
    expect([back.fixed, back.broken]).toEqual([there.broken, there.fixed]);
    expect(there.war.change).toBeCloseTo((there.fixed.length - there.broken.length) / 60, 12);
  });

  it('is surer than the two intervals apart when the same clips are hard for both', () => {
    const { truth, predictions: before } = answers(6, 120, 50);
    const after = truth.map((label, i) => (i % 10 === 0 ? label : before[i]!));
    const { war } = pairedComparison(truth, before, after, { seed: 4 });
    const alone = recallIntervals(truth, after, { seed: 4 }).war!;
    expect(war.interval![1] - war.interval![0]).toBeLessThan(0.6 * (alone[1] - alone[0]));
  });
});
