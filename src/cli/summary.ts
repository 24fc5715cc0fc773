import type { Config } from '../protocol/config.ts';
import {
  bestOf,
  compareEvals,
  type EvalChange,
  metricFor,
  scoreName,
  scoreOf,
} from '../protocol/evaluation.ts';
import type { ClosedEval, EvalResult, OpenEval } from '../protocol/messages.ts';

/** A run's evaluations: before and after it, after it without a sense, and those on the way. */
export interface RunEvaluations {
  readonly before: EvalResult;
  readonly after: EvalResult;
  /** Absent for a model with one sense. */
  readonly noAudio?: EvalResult;
  readonly noVideo?: EvalResult;
  readonly during: readonly EvalResult[];
}

/** The `eval` part of the summary line: that of labels, or that of rows that are scored by their kind. */
export function evalSummary(evaluations: RunEvaluations, bestMetric: Config['bestMetric']) {
  const { before, after, during } = evaluations;
  const best = bestOf(during, bestMetric);
  const metric = best && metricFor(best, bestMetric);
  return {
    ...byName(evaluations, (result) => scoreOf(result, 'auto')),
    ...(after.scores ? scoreSummary(before, after) : labelSummary(evaluations, before, after)),
    n: byName(evaluations, ({ n }) => n),
    ...(after.rewards ? { rewards: byName(evaluations, meansOf) } : {}),
    unreadable: byName(evaluations, (result) => result.scores?.unreadable ?? labelsOf(result)?.unreadable),
    ...(after.passAtK ? { pass_at_k: { before: before.passAtK, after: after.passAtK } } : {}),
    ...(best && metric && { best: { step: best.step, metric, value: scoreOf(best, metric) } }),
  };
}

/** The mean of each reward by its name. */
const meansOf = ({ rewards = [] }: EvalResult) =>
  Object.fromEntries(rewards.map(({ name, mean }) => [name, mean]));

const labelsOf = (result: EvalResult): ClosedEval | undefined => (result.scores ? undefined : result);

/** UAR, tolerant WAR, the change with its intervals. */
function labelSummary(evaluations: RunEvaluations, before: EvalResult, after: ClosedEval) {
  const change = before.scores ? undefined : compareEvals(before, after);
  return {
    uar: byName(evaluations, (result) => labelsOf(result)?.uar),
    tolerant: byName(evaluations, (result) => labelsOf(result)?.tolerant.war),
    interval: { war: after.interval, uar: after.uarInterval },
    ...(after.reasoning ? { reasoning: byName(evaluations, (result) => labelsOf(result)?.reasoning) } : {}),
    ...(change && { change: { n: change.n, war: change.war, uar: change.uar, ...counts(change) } }),
  };
}

/** Each kind of rows with its score, its interval and its change. */
function scoreSummary(before: EvalResult, after: OpenEval) {
  const change = before.scores ? compareEvals(before, after) : undefined;
  return {
    metric: scoreName(after),
    interval: { score: after.scores.interval ?? null },
    kinds: after.scores.kinds.map(({ kind, n, score, interval = null }) => {
      const earlier = before.scores?.kinds.find((each) => each.kind === kind);
      const changed = change?.kinds.find((each) => each.kind === kind);
      return {
        ...{ kind, n, before: earlier?.score ?? null, after: score, interval },
        ...(changed && { change: changed.change }),
      };
    }),
    ...(change && { change: { n: change.n, score: change.score, ...counts(change) } }),
  };
}

const counts = ({ fixed, broken }: EvalChange) => ({ fixed: fixed.length, broken: broken.length });

function byName<T>({ before, after, noAudio, noVideo }: RunEvaluations, score: (result: EvalResult) => T) {
  return {
    before: score(before),
    after: score(after),
    ...(noAudio && { no_audio: score(noAudio) }),
    ...(noVideo && { no_video: score(noVideo) }),
  };
}

/** "held-out accuracy before: 0.250 (4 of 16)", "held-out ROUGE-L before: 0.612 (16 rows)". */
export function beforeLine(before: EvalResult): string {
  const count = before.scores ? `${before.n} rows` : `${before.correct} of ${before.n}`;
  return `held-out ${measured(before)} before: ${score(before)} (${count})`;
}

/** What is told of the evaluations after a run. */
export function afterLine({ after, noAudio, noVideo }: RunEvaluations): string {
  const muted = [
    ...(noAudio ? [`, without sound ${score(noAudio)}`] : []),
    ...(noVideo ? [`, without picture ${score(noVideo)}`] : []),
  ];
  return `held-out ${measured(after)} after: ${score(after)}${muted.join('')}`;
}

const measured = (result: EvalResult): string => (result.scores ? scoreName(result) : 'accuracy');
const score = (result: EvalResult): string => scoreOf(result, 'auto').toFixed(3);
