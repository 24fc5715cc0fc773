import { expect, test } from 'vitest';
import { type ScheduleKind, scheduleFactor } from '../../src/math/schedule.ts';

const factors = (kind: ScheduleKind, warmupSteps: number, steps: readonly number[]) =>
  steps.map((step) => Number(scheduleFactor({ kind, totalSteps: 10, warmupSteps }, step).toFixed(6)));

test('constant, with and without warm-up', () => {
  expect(factors('constant', 0, [0, 5, 10])).toEqual([1, 1, 1]);
  expect(factors('constant', 4, [0, 1, 3, 4, 9])).toEqual([0, 0.25, 0.75, 1, 1]);
});

test('linear decay ends at zero', () => {
  expect(factors('linear', 0, [0, 1, 9, 10, 11])).toEqual([1, 0.9, 0.1, 0, 0]);
  expect(factors('linear', 2, [0, 1, 2, 6, 10])).toEqual([0, 0.5, 1, 0.5, 0]);
});

test('cosine decay is half a period after the warm-up', () => {
  expect(factors('cosine', 2, [1, 2, 4, 6, 10])).toEqual([0.5, 1, 0.853553, 0.5, 0]);
});

test('a warm-up as long as the run does not divide by zero', () => {
  expect(factors('linear', 10, [9, 10])).toEqual([0.9, 0]);
});
