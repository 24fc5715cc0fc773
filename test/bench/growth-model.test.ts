import { describe, expect, it } from 'vitest';
import {
  deviations,
  fitNonNegative,
  type GrowthPoint,
  growthLines,
  predict,
} from '../../src/bench/cases/growth-model.ts';

/** 3 ms, and half a millisecond a unit. */
const point = (x: number, factor = 1): GrowthPoint => ({
  kind: 'loss pass',
  series: 'G',
  x,
  ms: factor * (3 + 0.5 * x),
  counts: { dispatches: 1, matmuls: x, attention: 0 },
});

describe('fitNonNegative', () => {
  it('finds coefficients that made the times', () => {
    const rows = [
      [1, 1, 1],
      [1, 2, 4],
      [1, 4, 16],
      [1, 8, 64],
    ];
    const times = rows.map(([a, b, c]) => 2 * a! + 0.5 * b! + 0.1 * c!);
    const found = fitNonNegative(rows, times);
    for (const [j, expected] of [2, 0.5, 0.1].entries()) expect(found[j]).toBeCloseTo(expected, 4);
  });

  it('takes none below zero, and counts relative deviations', () => {
    const [constant, slope] = fitNonNegative(
      [
        [1, 1],
        [1, 2],
      ],
      [2, 1],
    );
    expect(slope).toBe(0);
    // The least of (c/2 - 1)² + (c - 1)².
    expect(constant).toBeCloseTo(1.2);
  });
});

describe('predict', () => {
  it('fits ends and middle, and tells how far off the others are', () => {
    const points = [point(1), point(2), point(4), point(8, 1.5), point(16)];
    const predicted = predict(points);
    expect(predicted.map(({ fitted }) => fitted)).toEqual([true, false, true, false, true]);
    expect(predicted.map(({ deviation }) => deviation.toFixed(3))).toEqual([
      '0.000',
      '0.000',
      '0.000',
      '0.500',
      '0.000',
    ]);
    expect(deviations(predicted).unfitted).toBeCloseTo(0.5);
    expect(deviations(predicted).all).toBeCloseTo(0.5);
    expect(deviations(predicted).median).toBeLessThan(1e-3);
  });

  it('keeps kinds apart', () => {
    const slower = [1, 2, 4].map((x) => ({ ...point(x, 10), kind: 'GRPO step' }));
    const predicted = predict([point(1), point(2), point(4), ...slower]);
    expect(deviations(predicted).all).toBeLessThan(1e-3);
  });
});

describe('the plot', () => {
  it('has a bar as long as the measured time and a mark at the predicted one', () => {
    const lines = growthLines(predict([point(1), point(2), point(4), point(8, 1.5), point(16)]));
    expect(lines[0]).toMatch(/^loss pass against G/);
    expect(lines[4]).toMatch(/G 8 .*10\.5 ms +7\.0 ms +\+50 % {2}█{25}│█{12} /);
    expect(lines[5]).toMatch(/G 16 .*\*/);
    expect(lines.at(-1)).toBe('deviation: median 0 %; at most 50 % where not fitted, 50 % of all points');
  });
});
