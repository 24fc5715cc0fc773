import { expect, it } from 'vitest';
import { afterLine, evalSummary } from '../../src/cli/summary.ts';
import { greedyEval } from '../reference/eval-result.ts';

const TRUTH = ['happy', 'happy', 'sad'];

it('sums up the evaluations of a run: WAR under the old names, the rest beside it', () => {
  const before = greedyEval(TRUTH, ['sad', 'sad', 'sad']);
  const after = greedyEval(TRUTH, ['happy', 'Happy', 'sad'], { step: 20 });
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
  expect(Object.keys(summary.uar)).toEqual(['before', 'after']);
  expect(afterLine(evaluations)).toBe('held-out accuracy after: 1.000');
  expect(afterLine({ ...evaluations, noAudio: one, noVideo: one })).toBe(
    'held-out accuracy after: 1.000, without sound 1.000, without picture 1.000',
  );
});
