import { describe, expect, it } from 'vitest';
import type { RolloutGroup } from '../../src/protocol/messages.ts';
import { appendRollouts, type RolloutLog, withAnswered } from '../../src/store/rollout-log.ts';
import { initialState } from '../../src/store/state.ts';
import { answersOf } from '../../src/store/step-answers.ts';
import type { Studio } from '../../src/store/studio.ts';

const groupsOf = (step: number): RolloutGroup[] => [
  { exampleId: `clip ${step}`, label: 'happy', completions: [] },
];
const STEPS = Array.from({ length: 50 }, (_, i) => i + 1);

function logOf(steps: readonly number[], before: RolloutLog = new Map()): RolloutLog {
  return steps.reduce((log, step) => appendRollouts(log, step, groupsOf(step)), before);
}

describe('the log of answers', () => {
  it('knows every step, and has the latest at hand, also behind those of a stored run', () => {
    for (const log of [logOf(STEPS), logOf(STEPS.slice(30), withAnswered(new Map(), STEPS.slice(0, 30)))]) {
      expect([...log.keys()]).toEqual(STEPS);
      const atHand = [...log].filter(([, groups]) => groups);
      expect(atHand).toEqual(STEPS.slice(-8).map((step) => [step, groupsOf(step)]));
    }
  });

  it('asks for the answers that are not at hand, and only for these', async () => {
    const asked: unknown[] = [];
    const studio = {
      store: { getState: () => ({ ...initialState(), rollouts: logOf(STEPS) }) },
      ask: async (...question: unknown[]) => {
        asked.push(question);
        return { groups: groupsOf(3) };
      },
    } as unknown as Studio;
    expect(await answersOf(studio, 3)).toEqual(groupsOf(3));
    expect(await answersOf(studio, 50)).toEqual(groupsOf(50));
    expect(asked).toEqual([['stepAnswers', { step: 3 }]]);
  });
});
