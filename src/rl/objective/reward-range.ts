import type { Config } from '../../protocol/config.ts';
import { REWARDS } from '../../rewards/index.ts';
import type { RewardSettings } from '../../rewards/reward.ts';

/** The least and the greatest total reward that an answer can earn. */
export function rewardRange(config: Pick<Config, 'rewards' | 'rewardWeights' | keyof RewardSettings>): {
  low: number;
  high: number;
} {
  const ends = config.rewards.map((name, index) => {
    const weight = config.rewardWeights[index] ?? 1;
    return REWARDS[name].range(config).map((end) => end * weight);
  });
  const sum = (pick: (a: number, b: number) => number) =>
    ends.reduce((total, [a, b]) => total + pick(a!, b!), 0);
  return { low: sum(Math.min), high: sum(Math.max) };
}
