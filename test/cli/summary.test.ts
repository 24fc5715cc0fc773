import { expect, it } from 'vitest';
import { afterLine, beforeLine, evalSummary } from '../../src/cli/summary.ts';
import { greedyEval, openEval } from '../reference/eval-result.ts';

const TRUTH = ['happy', 'happy', 'sad'];

it('sums up the evaluations of a run: WAR under the old names, the rest beside it', () => {
  const before = greedyEval(TRUTH, ['sad', 'sad', 'sad']);
  const rewards = [
    { name: 'mine', mean: 0.25, n: 3 },
    { name: 'other', mean: null, n: 0, failure: 'It failed.' },
  ];
  const after = { ...greedyEval(TRUTH, ['happy', 'Happy', 'sad'], { step: 20 }), rewards };
  const during = [10, 20].map((step) => greedyEval(TRUTH, step === 10 ? TRUTH : ['?', '?', 'sad'], { step }));
  const summary = evalSummary({ before, after, noAudio: before, noVideo: after, during }, 'eval/uar');
  expect(summary).toMatchObject({
    before: 1 / 3,
    after: 2 / 3,
    no_audio: 1 / 3,
    no_video: 2 / 3,
    uar: { before: 0.5, after: 0.75 },
    tolerant: { before: 1 / 3, after: 1 },
    unreadable: { before: 0, after: 1 },
    n: { before: 3, after: 3 },
    rewards: { before: {}, after: { mine: 0.25, other: null } },
    change: { n: 3, fixed: 1, broken: 0, uar: { change: 0.25 } },
    best: { step: 10, metric: 'eval/uar', value: 1 },
  });
  expect(summary.interval).toEqual({ war: after.interval, uar: after.uarInterval });
  expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
});

it('leaves out what was not measured', () => {
  const one = greedyEval(TRUTH, TRUTH);
  const other = { ...one, clips: [] };
  const evaluations = { before: other, after: one, during: [] };
  const summary = evalSummary(evaluations, 'eval/war');
  expect([summary.best, summary.change, summary.pass_at_k]).toEqual([undefined, undefined, undefined]);
  expect(summary).toMatchObject({ uar: { before: 1, after: 1 } });
  expect(Object.keys((summary as { uar: object }).uar)).toEqual(['before', 'after']);
  expect(afterLine(evaluations)).toBe('held-out accuracy after: 1.000');
  expect(afterLine({ ...evaluations, noAudio: one, noVideo: one })).toBe(
    'held-out accuracy after: 1.000, without sound 1.000, without picture 1.000',
  );
});

it('sums up rows that are scored by their kind: the mean over kinds, and each', () => {
  const rows = (number: string, text: string) =>
    openEval([
      { kind: 'number', gold: '1', said: [number] },
      { kind: 'number', gold: '2', said: ['2'] },
      { kind: 'rouge_l', gold: 'a b c', said: [text] },
    ]);
  const [before, after] = [rows('2', 'a'), rows('1', 'a b')];
  const summary = evalSummary({ before, after, during: [{ ...after, step: 9 }] }, 'auto');
  expect(summary).toMatchObject({
    before: 0.5,
    after: 0.9,
    metric: 'mean score',
    n: { before: 3, after: 3 },
    unreadable: { before: 0, after: 0 },
    kinds: [
      { kind: 'number', n: 2, before: 0.5, after: 1, interval: null, change: { change: 0.5 } },
      { kind: 'rouge_l', n: 1, before: 0.5, after: expect.closeTo(0.8, 12) },
    ],
    change: { n: 3, score: { change: expect.closeTo(0.4, 12) }, fixed: 2, broken: 0 },
    best: { step: 9, metric: 'eval/score', value: 0.9 },
  });
  expect(beforeLine(before)).toBe('held-out mean score before: 0.500 (3 rows)');
  expect(beforeLine(greedyEval(TRUTH, TRUTH))).toBe('held-out accuracy before: 1.000 (3 of 3)');
  expect(afterLine({ before, after, during: [] })).toBe('held-out mean score after: 0.900');
});
