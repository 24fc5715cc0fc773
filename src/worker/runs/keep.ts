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
export function betterScore(best: Score | undefined, next: Score): Score {
  if (!Number.isFinite(next.value)) return best ?? next;
  if (!best || best.metric !== next.metric) return next;
  const sign = isMetricKey(next.metric) && metricOf(next.metric).direction === 'down' ? -1 : 1;
  return sign * next.value > sign * best.value ? next : best;
}

/** Which of the checkpoints at `steps` are to go: all but the newest `keep` and the one of step `best`. */
export function surplusSteps(steps: readonly number[], keep: number, best?: number): number[] {
  const ascending = [...steps].sort((a, b) => a - b);
  return ascending.slice(0, -keep).filter((step) => step !== best);
}
