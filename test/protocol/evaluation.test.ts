import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import {
  bestOf,
  compareEvals,
  decodingOf,
  isBetter,
  isSameMeasure,
  markBest,
  withoutTexts,
} from '../../src/protocol/evaluation.ts';
import type { EvalResult } from '../../src/protocol/messages.ts';
import { evalResult, greedyEval, tagged } from '../reference/eval-result.ts';

const TRUTH = ['happy', 'happy', 'happy', 'sad'];
/** An evaluation that got so many of the three happy clips and, if wanted, the sad one. */
const at = (step: number, happy: number, sad: boolean, over: Partial<EvalResult> = {}) =>
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
