import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import {
  bestOf,
  compareEvals,
  decodingOf,
  evalMetrics,
  isBetter,
  isSameMeasure,
  markBest,
  metricFor,
  missingMetric,
  scoreName,
  scoreOf,
  whyNotCompared,
  withoutTexts,
} from '../../src/protocol/evaluation.ts';
import type { ClosedEval } from '../../src/protocol/messages.ts';
import { evalResult, greedyEval, openEval, tagged } from '../reference/eval-result.ts';

const TRUTH = ['happy', 'happy', 'happy', 'sad'];
/** An evaluation that got so many of the three happy clips and, if wanted, the sad one. */
const at = (step: number, happy: number, sad: boolean, over: Partial<ClosedEval> = {}) =>
  greedyEval(
    TRUTH,
    TRUTH.map((label, i) => ((label === 'sad' ? sad : i < happy) ? label : '?')),
    { step, ...over },
  );

it('the decoding of a config is greedy, or so many answers at a temperature', () => {
  expect(decodingOf(parseConfig({ evalSamples: 4 }))).toBeUndefined();
  const config = parseConfig({ evalDecoding: 'sampled', evalSamples: 4, evalTemperature: 0.7 });
  expect(decodingOf(config)).toEqual({ samples: 4, temperature: 0.7 });
});

describe('the best of a history', () => {
  const common = at(10, 3, false);
  const fair = at(20, 1, true);

  it('depends on the metric', () => {
    expect([common.war, common.uar, fair.war]).toEqual([0.75, 0.5, 0.5]);
    expect(fair.uar).toBeCloseTo(2 / 3, 12);
    expect(bestOf([common, fair], 'eval/war')).toBe(common);
    expect(bestOf([common, fair], 'eval/uar')).toBe(fair);
  });

  it('is the earliest of equal ones, and nothing where nothing has a number', () => {
    const again = at(30, 3, false);
    expect(bestOf([common, again], 'eval/war')).toBe(common);
    expect(isBetter(again, common, 'eval/war')).toBe(false);
    expect(isBetter(common, undefined, 'eval/war')).toBe(true);
    const none = at(40, 0, false, { war: Number.NaN });
    expect(bestOf([none], 'eval/war')).toBeUndefined();
    expect([isBetter(none, fair, 'eval/war'), isBetter(fair, none, 'eval/war')]).toEqual([false, true]);
    expect(bestOf([none, fair], 'eval/war')).toBe(fair);
    expect(bestOf([], 'eval/uar')).toBeUndefined();
  });

  it('is marked as it is measured, among evaluations of the same measure only', () => {
    const other = at(10, 3, true, { split: 'val' });
    expect(markBest(common, [], 'eval/war').best).toBe(true);
    expect(markBest(fair, [common], 'eval/war').best).toBe(false);
    expect(markBest(fair, [common], 'eval/uar').best).toBe(true);
    expect(markBest(common, [other], 'eval/war').best).toBe(true);
  });
});

it('evaluations measure the same with the same clips, senses and decoding', () => {
  const one = at(0, 1, true);
  expect(isSameMeasure(one, at(9, 2, false))).toBe(true);
  const sampled = { samples: 4, temperature: 1 };
  for (const over of [{ split: 'val' }, { mute: 'audio' }, { sampled }, { n: 5 }] as const) {
    expect(isSameMeasure(one, { ...one, ...over }), JSON.stringify(over)).toBe(false);
  }
  expect(isSameMeasure({ ...one, sampled }, { ...one, sampled: { samples: 4, temperature: 0.5 } })).toBe(
    false,
  );
});

it('lets go of texts and keeps what was read in them', () => {
  const result = at(5, 1, true);
  const light = withoutTexts(result);
  expect(light.clips[0]?.answers).toEqual([{ answer: 'happy', exact: 'happy', tolerant: 'happy' }]);
  expect(result.clips[0]?.answers[0]?.text).toBe(tagged('happy'));
  expect({ ...light, clips: [] }).toEqual({ ...result, clips: [] });
});

describe('compareEvals', () => {
  it('pairs clips by id and lists what was fixed, broken and changed', () => {
    const before = greedyEval(TRUTH, ['happy', 'sad', '?', 'sad']);
    const after = greedyEval(TRUTH, ['happy', 'happy', 'sad', 'happy'], { step: 7 });
    const ids = (pairs: readonly { after: { exampleId: string } }[]) =>
      pairs.map((pair) => pair.after.exampleId);
    const change = compareEvals(before, { ...after, clips: [...after.clips].reverse() })!;
    expect([ids(change.fixed), ids(change.broken)]).toEqual([['clip-1'], ['clip-3']]);
    expect(ids(change.changed).sort()).toEqual(['clip-1', 'clip-2', 'clip-3']);
    expect(change.n).toBe(4);
    expect(change.war.change).toBeCloseTo(after.war - before.war, 12);
    expect(change.uar.change).toBeCloseTo(after.uar - before.uar, 12);
    expect(change.uar.interval![0]).toBeLessThan(change.uar.change);
    expect(change.uar.interval![1]).toBeGreaterThan(change.uar.change);
    expect(compareEvals(before, after)!.war.change).toBe(change.war.change);
  });

  it('looks at clips of both only, and needs one', () => {
    const before = greedyEval(TRUTH, ['happy', 'sad', '?', 'sad']);
    const after = greedyEval(TRUTH, TRUTH);
    const part = { ...after, clips: after.clips.slice(2) };
    expect(compareEvals(before, part)).toMatchObject({ n: 2, war: { change: 0.5 } });
    expect(compareEvals(before, { ...after, clips: [] })).toBeUndefined();
  });

  it('compares votes where several answers were drawn', () => {
    const labels = ['happy', 'sad'];
    const drawn = (...texts: string[]) => evalResult([{ label: 'sad', texts }], labels);
    const change = compareEvals(drawn('happy', 'happy', 'sad'), drawn('sad', 'happy', 'sad'));
    expect(change?.fixed).toHaveLength(1);
  });
});

describe('rows that are scored by their kind', () => {
  const rows = (numbers: string[], text: string) => [
    ...['1', '2', '3'].map((gold, i) => ({ kind: 'number' as const, gold, said: [numbers[i]!] })),
    { kind: 'rouge_l' as const, gold: 'a b c', said: [text] },
  ];
  const before = openEval(rows(['1', '3', '?'], 'a'));
  const after = openEval(rows(['1', '2', '1'], 'a b'), { step: 9 });

  it('have a score, by which one is the best', () => {
    expect(before.scores.score).toBeCloseTo((1 / 3 + 0.5) / 2, 12);
    expect(scoreOf(after, 'auto')).toBeCloseTo((2 / 3 + 0.8) / 2, 12);
    expect(bestOf([before, after], 'auto')).toBe(after);
    expect([metricFor(after, 'auto'), metricFor(after, 'eval/uar')]).toEqual(['eval/score', 'eval/score']);
    expect(evalMetrics(after)).toEqual({ 'eval/score': after.scores.score });
    expect([scoreName(after), scoreName(openEval([{ gold: 'a', said: ['a'] }]))]).toEqual([
      'mean score',
      'exact match',
    ]);
  });

  it('are compared row by row: which scores rose, which fell, by kind and in the mean', () => {
    const change = compareEvals(before, after)!;
    expect(change.score.change).toBeCloseTo(after.scores.score - before.scores.score, 12);
    expect(change.kinds.map(({ kind }) => kind)).toEqual(['number', 'rouge_l']);
    expect(change.kinds.map((each) => each.change.change)).toEqual([
      expect.closeTo(1 / 3, 12),
      expect.closeTo(0.3, 12),
    ]);
    const ids = (pairs: readonly { after: { exampleId: string } }[]) =>
      pairs.map((pair) => pair.after.exampleId);
    expect([ids(change.fixed), ids(change.broken)]).toEqual([['clip-1', 'clip-3'], []]);
    expect(ids(change.changed)).toEqual(['clip-1', 'clip-2', 'clip-3']);
    expect(ids(compareEvals(after, before)!.broken)).toEqual(['clip-1', 'clip-3']);
  });

  it('are not compared with labels', () => {
    const labels = greedyEval(['1', '2', '3', 'a'], ['1', '2', '3', 'a']);
    expect(compareEvals(labels, after)).toBeUndefined();
    expect(whyNotCompared(labels, after)).toBe(
      'its answers were scored as labels, not as 1 × ROUGE-L, 3 × number',
    );
  });

  it('lose their texts and questions, and keep what was read', () => {
    const [clip] = withoutTexts({ ...after, clips: [{ ...after.clips[0]!, question: 'Which?' }] }).clips;
    expect(clip).toEqual({
      ...{ exampleId: 'clip-0', label: '1', kind: 'number', score: 1, exact: '1', tolerant: '1' },
      answers: [{ answer: '1', exact: '1', tolerant: '1', read: '1', score: 1 }],
    });
  });
});

describe('why evaluations are not compared', () => {
  const asked = { rows: 'r', prompts: 'p', length: 64 };
  const one = { ...at(0, 1, true), asked };
  it.each([
    [{}, undefined],
    [{ mute: 'audio' as const }, undefined],
    [{ split: 'val' as const }, 'its rows are of val, not of test'],
    [{ n: 5 }, 'it has 5 rows, not 4'],
    [{ asked: undefined }, 'an earlier version did not note what it asked'],
    [{ asked: { ...asked, rows: 'other' } }, 'it asked other rows'],
    [{ asked: { ...asked, prompts: 'other' } }, 'its rows were asked in other words (prompt or question)'],
    [{ asked: { ...asked, length: 20 } }, 'its answers could have 20 tokens, not 64'],
  ])('with %j', (over, why) => {
    const other = { ...one, ...over };
    expect(whyNotCompared(other, one)).toBe(why);
    expect(isSameMeasure(other, one)).toBe(why === undefined && other.mute === undefined);
  });
});

it.each([
  ['auto', true, undefined],
  ['auto', false, undefined],
  ['eval/uar', true, undefined],
  ['eval/score', false, undefined],
  ['eval/score', true, 'bestMetric is eval/score, but the answers of this data set are labels'],
  ['eval/war', false, 'bestMetric is eval/war, but the answers of this data set are no closed set'],
] as const)('the metric %s where answers are labels: %s', (metric, areLabels, missing) => {
  if (missing) expect(missingMetric(metric, areLabels)).toContain(missing);
  else expect(missingMetric(metric, areLabels)).toBeUndefined();
});
