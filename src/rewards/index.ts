/**
 * Every reward by its name, in the order in which the form offers them. A new one is a file of this folder and a line here:
 * choice, help, scoring, exports and tests follow.
 */
import { accuracy } from './accuracy.ts';
import { accuracyTolerant } from './accuracy-tolerant.ts';
import { format } from './format.ts';
import { formatTolerant } from './format-tolerant.ts';
import { repetition } from './repetition.ts';
import type { Reward, RewardContext } from './reward.ts';
import { softOverlong } from './soft-overlong.ts';
import { thinkFormat } from './think-format.ts';

export const REWARDS = {
  accuracy,
  format,
  accuracy_tolerant: accuracyTolerant,
  format_tolerant: formatTolerant,
  think_format: thinkFormat,
  soft_overlong: softOverlong,
  repetition,
} as const satisfies Record<string, Reward>;

export type RewardName = keyof typeof REWARDS;
export const REWARD_NAMES = Object.keys(REWARDS) as RewardName[];

export function isRewardName(name: unknown): name is RewardName {
  return typeof name === 'string' && Object.hasOwn(REWARDS, name);
}

/** Scores of one completion under the named rewards, in their order. */
export function scoreCompletion(
  names: readonly RewardName[],
  text: string,
  context: RewardContext,
): (number | null)[] {
  return names.map((name) => REWARDS[name].score(text, context));
}
