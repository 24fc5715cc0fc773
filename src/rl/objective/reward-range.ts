import type { Config } from '../../protocol/config.ts';
import { isRewardName, REWARDS, type RewardSettings } from '../../rewards/index.ts';

type RewardConfig = Pick<Config, 'rewards' | 'rewardWeights' | keyof RewardSettings>;

/** What is known beforehand of a reward of a run. */
export interface RewardPart {
  readonly name: string;
  /** The least and the greatest score; absent where nobody can say. */
  readonly range?: readonly [number, number];
  /** Whether it compares the answer with the label. */
  readonly readsLabel: boolean;
  /** Whether it goes by the number of tokens. */
  readonly readsTokens: boolean;
}

/** The rewards of a run, in their order. Of those that are not built in nothing is known but the name. */
export function partsOf(config: RewardConfig): RewardPart[] {
  return config.rewards.map((name) => {
    if (!isRewardName(name)) return { name, readsLabel: false, readsTokens: false };
    const reward = REWARDS[name];
    const readsTokens = reward.readsTokens?.(config) ?? false;
    return { name, range: reward.range(config), readsLabel: reward.readsLabel ?? false, readsTokens };
  });
}

/** The least and the greatest total reward that an answer can earn; undefined where nobody can say. */
export function rewardRange(config: RewardConfig): { low: number; high: number } | undefined {
  const ends = partsOf(config).map(({ range }, index) => {
    const weight = config.rewardWeights[index] ?? 1;
    return range?.map((end) => end * weight);
  });
  if (!ends.every((pair) => pair !== undefined)) return undefined;
  const sum = (pick: (a: number, b: number) => number) =>
    ends.reduce((total, [a, b]) => total + pick(a!, b!), 0);
  return { low: sum(Math.min), high: sum(Math.max) };
}
