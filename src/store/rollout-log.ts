import type { RolloutGroup } from '../protocol/messages.ts';

/** The answers of one step: at hand, or folded into a blob, which the browser keeps outside of the heap. */
export type StoredGroups = readonly RolloutGroup[] | Blob;
/** Answers of every step of a run, by step. */
export type RolloutLog = ReadonlyMap<number, StoredGroups>;

/** Latest steps that stay at hand. */
const STEPS_AT_HAND = 8;

const isBlob = (stored: StoredGroups): stored is Blob => stored instanceof Blob;

/** The log with one more step; steps that fall behind are folded, so that a long run does not fill the heap. */
export function appendRollouts(log: RolloutLog, step: number, groups: readonly RolloutGroup[]): RolloutLog {
  const next = new Map(log).set(step, groups);
  const atHand = [...next].filter(([, stored]) => !isBlob(stored));
  for (const [behind, stored] of atHand.slice(0, -STEPS_AT_HAND)) {
    next.set(behind, new Blob([JSON.stringify(stored)]));
  }
  return next;
}

/** A step's answers, read back where they were folded. */
export async function readGroups(stored: StoredGroups): Promise<readonly RolloutGroup[]> {
  return isBlob(stored) ? (JSON.parse(await stored.text()) as RolloutGroup[]) : stored;
}

/** A step's answers if they are at hand. */
export function groupsAtHand(stored: StoredGroups | undefined): readonly RolloutGroup[] | undefined {
  return stored === undefined || isBlob(stored) ? undefined : stored;
}
