import type { Config } from '../protocol/config.ts';
import { bestOf, compareEvals, scoreOf } from '../protocol/evaluation.ts';
import type { EvalResult } from '../protocol/messages.ts';

/** A run's evaluations: before and after it, after it without a sense, and those on the way. */
export interface RunEvaluations {
  readonly before: EvalResult;
  readonly after: EvalResult;
  /** Absent for a model with one sense. */
  readonly noAudio?: EvalResult;
  readonly noVideo?: EvalResult;
  readonly during: readonly EvalResult[];
}

/** The `eval` part of the summary line: WAR by name, then UAR, tolerant WAR, the change with its intervals, the best step. */
export function evalSummary(evaluations: RunEvaluations, bestMetric: Config['bestMetric']) {
  const { before, after, during } = evaluations;
  const change = compareEvals(before, after);
  const best = bestOf(during, bestMetric);
  return {
    ...byName(evaluations, ({ war }) => war),
    uar: byName(evaluations, ({ uar }) => uar),
    tolerant: byName(evaluations, ({ tolerant }) => tolerant.war),
    n: byName(evaluations, ({ n }) => n),
    interval: { war: after.interval, uar: after.uarInterval },
    unreadable: byName(evaluations, ({ unreadable }) => unreadable),
    ...(after.passAtK ? { pass_at_k: { before: before.passAtK, after: after.passAtK } } : {}),
    ...(change && {
      change: {
        n: change.n,
        war: change.war,
        uar: change.uar,
        fixed: change.fixed.length,
        broken: change.broken.length,
      },
    }),
    ...(best && { best: { step: best.step, metric: bestMetric, value: scoreOf(best, bestMetric) } }),
  };
}

function byName({ before, after, noAudio, noVideo }: RunEvaluations, score: (result: EvalResult) => number) {
  return {
    before: score(before),
    after: score(after),
    ...(noAudio && { no_audio: score(noAudio) }),
    ...(noVideo && { no_video: score(noVideo) }),
  };
}

/** What is told of the evaluations after a run. */
export function afterLine({ after, noAudio, noVideo }: RunEvaluations): string {
  const muted = [
    ...(noAudio ? [`, without sound ${noAudio.war.toFixed(3)}`] : []),
    ...(noVideo ? [`, without picture ${noVideo.war.toFixed(3)}`] : []),
  ];
  return `held-out accuracy after: ${after.war.toFixed(3)}${muted.join('')}`;
}
