import { REWARD_PARAMETERS, type RewardSettings } from '../../src/rewards/index.ts';
import type { RewardContext } from '../../src/rewards/reward.ts';

type FullContext = RewardContext & RewardSettings;

/** The settings of all rewards, as they are unless said. */
export const SETTINGS = {
  ...(Object.fromEntries(
    REWARD_PARAMETERS.map((row) => [row.key, row.default]),
  ) as unknown as RewardSettings),
  maxCompletionLength: 100,
};

/** A case's context in full: what it leaves unsaid is the same for all. */
export function contextOf({
  text: _,
  score: __,
  ...said
}: { text: string; score: number | null } & Partial<FullContext>): FullContext {
  return { ...SETTINGS, label: 'happy', tokens: 10, row: {}, ...said };
}
