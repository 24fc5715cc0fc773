import { describe, expect, it } from 'vitest';
import type { RolloutGroup } from '../../src/protocol/messages.ts';
import { appendRollouts, groupsAtHand, type RolloutLog, readGroups } from '../../src/store/rollout-log.ts';

const groupsOf = (step: number): RolloutGroup[] => [
  { exampleId: `clip ${step}`, label: 'happy', completions: [] },
];

function logOf(steps: number): RolloutLog {
  let log: RolloutLog = new Map();
  for (let step = 1; step <= steps; step++) log = appendRollouts(log, step, groupsOf(step));
  return log;
}

describe('the log of answers', () => {
  it('keeps every step, the latest at hand and the others readable', async () => {
    const log = logOf(50);
    expect(log.size).toBe(50);
    expect(groupsAtHand(log.get(50))).toEqual(groupsOf(50));
    expect(groupsAtHand(log.get(1))).toBeUndefined();
    expect(await readGroups(log.get(1)!)).toEqual(groupsOf(1));
    expect([...log.keys()]).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('holds no more than a few steps in the heap', () => {
    const atHand = [...logOf(50).values()].filter((stored) => groupsAtHand(stored));
    expect(atHand.length).toBeLessThanOrEqual(8);
  });
});
