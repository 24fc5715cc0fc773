import { describe, expect, it } from 'vitest';
import { chartData, loneSteps, MAX_POINTS, nearestStep } from '../../src/store/series.ts';
import type { StepRecord } from '../../src/store/state.ts';

const record = (step: number, metrics: StepRecord['metrics']): StepRecord => ({ step, metrics, seconds: {} });

describe('chartData', () => {
  it('keeps raw values and smooths beside them', () => {
    const steps = [1, 3, 5].map((reward, i) => record(i + 1, { reward }));
    const { rows, latest } = chartData(steps, ['reward'], 0.5);
    expect(rows.map(({ raw }) => raw.reward)).toEqual([1, 3, 5]);
    // Debiased: (0.5·1)/0.5, (0.25·1 + 0.5·3)/0.75, (0.125·1 + 0.25·3 + 0.5·5)/0.875.
    expect(rows[1]?.smooth.reward).toBeCloseTo(1.75 / 0.75, 12);
    expect(rows[2]?.smooth.reward).toBeCloseTo(3.375 / 0.875, 12);
    expect(latest.reward).toEqual({ value: 5, step: 3 });
  });

  it('leaves gaps, and names the steps that broke', () => {
    const steps = [
      record(1, { loss: 1 }),
      record(2, { loss: Number.NaN }),
      record(3, {}),
      record(4, { loss: 2 }),
    ];
    const { rows, broken, latest } = chartData(steps, ['loss'], 0);
    expect(rows.map(({ raw }) => raw.loss)).toEqual([1, null, null, 2]);
    expect(broken).toEqual([2]);
    expect(latest.loss).toEqual({ value: 2, step: 4 });
  });

  it('tells the step of the latest value, and which points no line would show', () => {
    const steps = [record(1, { kl: 0.1 }), record(2, {}), record(3, { kl: 0.3 }), record(4, { kl: 0.4 })];
    expect(chartData([...steps, record(5, {})], ['kl'], 0).latest.kl).toEqual({ value: 0.4, step: 4 });
    expect([...loneSteps(chartData(steps, ['kl'], 0).rows, 'kl')]).toEqual([1]);
    const every = steps.filter(({ step }) => step > 2);
    expect([...loneSteps(chartData(every, ['kl'], 0).rows, 'kl')]).toEqual([]);
  });

  it('keeps gaps in a long run, and finds any step again, drawn or not', () => {
    const isGap = (step: number) => step > 2000 && step <= 2300;
    const steps = Array.from({ length: 5000 }, (_, i) =>
      record(i + 1, isGap(i + 1) ? {} : { reward: Math.sin(i), kl: Math.cos(i) }),
    );
    const { rows, rowAt } = chartData(steps, ['reward', 'kl'], 0.5);
    expect(rows.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(rows.some(({ step, raw }) => isGap(step) && raw.reward === null)).toBe(true);
    const drawn = new Set(rows.map(({ step }) => step));
    const away = steps.find(({ step }) => !drawn.has(step))!;
    expect(rowAt(away.step)?.raw).toEqual(away.metrics);
    expect(rowAt(5001)).toBeUndefined();
    expect(nearestStep([1, 7, 12, 40], 10)).toBe(2);
    expect(nearestStep([1, 7], 99)).toBe(1);
  });

  it.each([1, 2, 4])('stays within the limit with %i keys and keeps each spike', (count) => {
    const keys = (['reward', 'kl', 'entropy', 'loss'] as const).slice(0, count);
    const steps = Array.from({ length: 5000 }, (_, i) =>
      record(
        i + 1,
        Object.fromEntries(keys.map((key, k) => [key, i === 1000 * (k + 1) ? 99 : Math.sin(i + k)])),
      ),
    );
    const { rows } = chartData(steps, keys, 0);
    expect(rows.length).toBeLessThanOrEqual(MAX_POINTS);
    for (const [k, key] of keys.entries()) {
      expect(rows.find(({ step }) => step === 1000 * (k + 1) + 1)?.raw[key]).toBe(99);
    }
  });
});
