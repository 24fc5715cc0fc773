import type { RolloutGroup } from '../protocol/messages.ts';

/** The steps of a run that have answers, in order: those of the latest are at hand, the others are asked for (`stepAnswers`). */
export type RolloutLog = ReadonlyMap<number, readonly RolloutGroup[] | undefined>;

/** Latest steps that stay at hand. */
const STEPS_AT_HAND = 8;

/** The log with one more step; those that fall behind are the worker's to keep, so that a long run does not fill the heap. */
export function appendRollouts(log: RolloutLog, step: number, groups: readonly RolloutGroup[]): RolloutLog {
  const next = new Map(log).set(step, groups);
  const behind = [...next.keys()].at(-1 - STEPS_AT_HAND);
  if (behind !== undefined) next.set(behind, undefined);
  return next;
}

/** The log with steps of a stored run, whose answers are all the worker's. */
export function withAnswered(log: RolloutLog, steps: readonly number[]): RolloutLog {
  return new Map([...log, ...steps.map((step) => [step, undefined] as const)]);
}
