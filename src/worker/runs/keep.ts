import { isMetricKey, metricOf } from '../../protocol/metrics.ts';

/** What a checkpoint scored on held-out clips. */
export interface Score {
  /** A metric's key, for example `eval/war`; its good direction decides what is better. */
  readonly metric: string;
  readonly value: number;
  /** Optimizer steps behind the checkpoint. */
  readonly step: number;
}

/** The better of two scores; the earlier one when they are equal. A score by another metric starts the comparison anew. */
export function betterScore(best: Score | undefined, next: Score): Score | undefined {
  if (!Number.isFinite(next.value)) return best;
  if (!best || best.metric !== next.metric) return next;
  const sign = isMetricKey(next.metric) && metricOf(next.metric).direction === 'down' ? -1 : 1;
  return sign * next.value > sign * best.value ? next : best;
}

/** What is kept of a run's checkpoints. */
export interface KeepRule {
  /** How many of the newest. */
  readonly keep: number;
  /** The step of the best one. */
  readonly best?: number;
  /** Up to which step training was well: the newest checkpoint up to there is kept, too. */
  readonly healthy?: number;
}

/** Which of the checkpoints at `steps` are to go. */
export function surplusSteps(steps: readonly number[], { keep, best, healthy }: KeepRule): number[] {
  const ascending = [...steps].sort((a, b) => a - b);
  const sound = healthyStep(ascending, healthy);
  return ascending.slice(0, -keep).filter((step) => step !== best && step !== sound);
}

/** The newest checkpoint of a time when training was well. */
export function healthyStep(ascending: readonly number[], healthy: number | undefined): number | undefined {
  return healthy === undefined ? undefined : ascending.findLast((step) => step <= healthy);
}
