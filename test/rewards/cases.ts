import type { RewardCase, RewardContext } from '../../src/rewards/reward.ts';

/** What a case of a reward leaves unsaid. */
const UNSAID = {
  label: 'happy',
  tokens: 10,
  maxCompletionLength: 100,
  softPunishCache: 0,
  repetitionNgram: 3,
  repetitionMaxPenalty: 1,
} as const satisfies RewardContext;

/** A case's context in full. */
export function contextOf({ text: _, score: __, ...said }: RewardCase): RewardContext {
  return { ...UNSAID, ...said };
}
