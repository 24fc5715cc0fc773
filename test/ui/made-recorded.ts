/** The recorded run as the page gets it, made of the events that the pretended worker plays back. */
import { metricColumns, type RecordedRun } from '../../src/protocol/recorded-run.ts';
import { playEval, playRollouts, playStep } from './recorded-run.ts';

export const RECORDED_STEPS = 40;
/** Steps whose answers are kept. */
const RECORDED_ANSWERS = [1, RECORDED_STEPS];

export function madeRecorded(): RecordedRun {
  const steps = Array.from({ length: RECORDED_STEPS }, (_, i) => playStep(i + 1, RECORDED_STEPS).metrics);
  return {
    version: 1,
    date: '2026-11-30T12:00:00.000Z',
    ...{ adapter: 'SwiftShader Device (Subzero)', model: 'tiny-humanomni', data: 'demo' },
    ...{ question: 'Which emotion do face and voice show?', seed: 42 },
    ...{ steps: RECORDED_STEPS, promptsPerStep: 8, groupSize: 4 },
    metrics: metricColumns(steps),
    rollouts: RECORDED_ANSWERS.map((step) => ({
      step,
      groups: playRollouts(step, RECORDED_STEPS).groups.map(({ question: _, ...group }) => group),
    })),
    evals: [playEval(0, { split: 'test' }), playEval(RECORDED_STEPS, { split: 'test' })],
  };
}
