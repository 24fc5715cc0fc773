import { describe, expect, it } from 'vitest';
import {
  geometricMean,
  makeReport,
  makeRow,
  rateText,
  rowLine,
  summarise,
  summaryKey,
  summaryLines,
  withRates,
} from '../../src/bench/report.ts';

const CEILINGS = { gflops: 8, gigabytes: 4 };
const timing = (medianMs: number) => ({
  medianMs,
  lowMs: 0.9 * medianMs,
  highMs: 1.1 * medianMs,
});
const row = (kernel: string, peer: string, ours: number, theirs: number | string) =>
  makeRow({ kernel, shape: '8x8', peer }, timing(ours), typeof theirs === 'string' ? theirs : timing(theirs));

describe('the means', () => {
  it('are geometric: twice as fast and half as fast cancel out', () => {
    expect(geometricMean([2, 0.5])).toBeCloseTo(1);
    expect(geometricMean([1, 10, 100])).toBeCloseTo(10);
    expect(geometricMean([])).toBeNaN();
  });

  it('are taken by family and peer, over the rows that were measured', () => {
    const rows = [
      row('matmul A·B (dx)', 'tfjs', 1, 4),
      row('matmul A·Bᵀ (y)', 'tfjs', 2, 18),
      row('matmul A·B (dx)', 'jax-js', 2, 3),
      row('layer forward+backward', 'jax-js', 1, 'cannot: out of memory'),
      row('decode ms a token', 'g8-over-g1', 2, 3),
    ];
    const summary = summarise(rows);
    expect(Object.keys(summary)).toEqual(['matmul/tfjs', 'matmul/jax-js', 'decode/g8-over-g1']);
    expect(summary['matmul/tfjs']).toBeCloseTo(6);
    expect(summary['matmul/jax-js']).toBeCloseTo(1.5);
    expect(summaryLines(summary)).toHaveLength(4);
    expect(summaryKey(rows[3]!)).toBe('layer/jax-js');
  });
});

describe('a row', () => {
  it('has their time over ours, so that above 1 we are faster', () => {
    expect(row('norm', 'tfjs', 2, 5)).toMatchObject({ oursMs: 2, theirsMs: 5, ratio: 2.5 });
    expect(rowLine(row('norm', 'tfjs', 2, 5))).toMatch(/2\.00 ms \(1\.80 to 2\.20\) .*5\.00 ms.*2\.50x$/);
  });

  it('says why where the peer cannot do it', () => {
    const failed = row('layer', 'jax-js', 2, 'cannot: out of memory');
    expect(failed).toMatchObject({ theirsMs: null, ratio: null, note: 'cannot: out of memory' });
    expect(rowLine(failed)).toMatch(/jax-js: cannot: out of memory$/);
  });

  it('tells what we compute a second, and what share of the best that is', () => {
    const rated = withRates(row('matmul', 'tfjs', 2, 5), { flops: 4e6, bytes: 6e6 }, CEILINGS);
    expect(rated.rates).toEqual({ gflops: 2, gflopsShare: 0.25, gigabytes: 3, gigabytesShare: 0.75 });
    expect(rateText(rated.rates!)).toMatch(
      /2\.00 GFLOP\/s \(25 % of the best\), at least 3\.00 GB\/s \(75 %\)/,
    );
  });
});

describe('the file', () => {
  it('has adapter, date, clock, rows and summary, and survives JSON', () => {
    const rows = [row('matmul', 'tfjs', 1, 4), row('matmul', 'jax-js', 1, 'cannot')];
    const report = makeReport(
      { adapter: 'an adapter', clock: 'wall', ceilings: CEILINGS },
      new Date(0),
      rows,
    );
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(Object.keys(report).sort()).toEqual(['adapter', 'ceilings', 'clock', 'date', 'rows', 'summary']);
    expect(report.date).toBe('1970-01-01T00:00:00.000Z');
    expect(report.summary).toEqual({ 'matmul/tfjs': expect.closeTo(4) });
    for (const { kernel, shape, peer, oursMs } of report.rows) {
      expect([typeof kernel, typeof shape, typeof peer, typeof oursMs]).toEqual([
        'string',
        'string',
        'string',
        'number',
      ]);
    }
  });
});
