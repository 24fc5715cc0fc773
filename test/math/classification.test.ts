import { describe, expect, it } from 'vitest';
import { classificationScores, labelScores } from '../../src/math/classification.ts';
import { randomU32, shuffled } from '../../src/math/random.ts';

const LABELS = ['a', 'b', 'c'];
/** Seeded pairs: mostly labels, now and then an answer outside of them or none. */
function pairs(seed: number, n: number): { truth: string[]; predictions: (string | null)[] } {
  const pick = <T>(from: readonly T[], stream: number, i: number) =>
    from[randomU32(seed, stream, i) % from.length]!;
  const indices = Array.from({ length: n }, (_, i) => i);
  return {
    truth: indices.map((i) => pick(LABELS, 0, i)),
    predictions: indices.map((i) => pick([...LABELS, 'x', null], 1, i)),
  };
}

describe('classificationScores', () => {
  it('gives WAR 66.67 and UAR 75.00 for truth a a b, prediction a x b', () => {
    const scores = classificationScores(['a', 'a', 'b'], ['a', 'x', 'b']);
    expect((100 * scores.war).toFixed(2)).toBe('66.67');
    expect((100 * scores.uar).toFixed(2)).toBe('75.00');
    const counts = [
      [1, 0],
      [0, 1],
    ];
    expect(scores.confusion).toEqual({ labels: ['a', 'b'], counts, unreadable: [1, 0] });
    expect([scores.unreadable, scores.correct, scores.n]).toEqual([1, 2, 3]);
  });

  it('makes a label that only the predictions know a column, and no class of the mean', () => {
    const scores = classificationScores(['a', 'b', 'b'], ['c', 'b', null], LABELS);
    expect(scores.confusion.counts[0]).toEqual([0, 0, 1]);
    expect(scores.confusion.unreadable).toEqual([0, 1, 0]);
    expect(scores.uar).toBe(0.25);
  });

  it('has no scores without pairs, and refuses lists of different lengths', () => {
    expect(classificationScores([], []).war).toBeNaN();
    expect(classificationScores([], [], LABELS).uar).toBeNaN();
    expect(() => classificationScores(['a'], [])).toThrow('1 true labels but 0 predictions');
  });

  it('takes a prediction named like a method of objects for what it is', () => {
    expect(classificationScores(['constructor', 'a'], ['constructor', '__proto__']).war).toBe(0.5);
  });

  it.each([1, 2, 3, 4, 5])('equals the definitions written out, seed %d', (seed) => {
    const { truth, predictions } = pairs(seed, 57);
    const scores = classificationScores(truth, predictions, [...LABELS, 'never']);
    const recalls = LABELS.map((label) => {
      const at = truth.flatMap((each, i) => (each === label ? [i] : []));
      return at.filter((i) => predictions[i] === label).length / at.length;
    });
    const shares = LABELS.map((label) => truth.filter((each) => each === label).length / truth.length);
    expect(scores.uar).toBeCloseTo(recalls.reduce((total, recall) => total + recall, 0) / 3, 12);
    expect(scores.war).toBeCloseTo(
      recalls.reduce((total, recall, c) => total + shares[c]! * recall, 0),
      12,
    );
    expect(scores.war).toBeCloseTo(scores.correct / scores.n, 12);
    const { counts, unreadable } = scores.confusion;
    expect([...counts.flat(), ...unreadable].reduce((total, count) => total + count, 0)).toBe(57);
    expect(unreadable.reduce((total, count) => total + count, 0)).toBe(scores.unreadable);
  });

  it('depends neither on the order of the clips nor on that of the labels', () => {
    const { truth, predictions } = pairs(9, 40);
    const order = shuffled([...truth.keys()], 3);
    const one = classificationScores(truth, predictions, LABELS);
    const other = classificationScores(
      order.map((i) => truth[i]!),
      order.map((i) => predictions[i]!),
      [...LABELS].reverse(),
    );
    expect([other.war, other.correct, other.unreadable]).toEqual([one.war, one.correct, one.unreadable]);
    expect(other.uar).toBeCloseTo(one.uar, 12);
  });
});

describe('labelScores', () => {
  it('gives precision, recall and F1 worked out by hand', () => {
    const truth = ['a', 'a', 'a', 'b', 'b', 'c'];
    const predictions = ['a', 'a', 'b', 'b', 'a', null];
    const [a, b, c, d] = labelScores(classificationScores(truth, predictions, [...LABELS, 'd']).confusion);
    expect(a).toEqual({ label: 'a', n: 3, predicted: 3, recall: 2 / 3, precision: 2 / 3, f1: 4 / 6 });
    expect(b).toEqual({ label: 'b', n: 2, predicted: 2, recall: 0.5, precision: 0.5, f1: 0.5 });
    expect(c).toEqual({ label: 'c', n: 1, predicted: 0, recall: 0, precision: Number.NaN, f1: 0 });
    expect(d).toEqual({
      label: 'd',
      n: 0,
      predicted: 0,
      recall: Number.NaN,
      precision: Number.NaN,
      f1: Number.NaN,
    });
  });

  it('has F1 as the harmonic mean of precision and recall', () => {
    const { truth, predictions } = pairs(4, 80);
    for (const { precision, recall, f1 } of labelScores(classificationScores(truth, predictions).confusion)) {
      expect(f1).toBeCloseTo((2 * precision * recall) / (precision + recall), 12);
    }
  });
});
