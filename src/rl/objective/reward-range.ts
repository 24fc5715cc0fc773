import type { Config } from '../../protocol/config.ts';
import { REWARDS } from '../../rewards/index.ts';
import type { Reward, RewardSettings } from '../../rewards/reward.ts';

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

/** The rewards of a run, in their order. */
export function partsOf(config: RewardConfig): RewardPart[] {
  return config.rewards.map((name) => {
    const reward: Reward = REWARDS[name];
    const { readsLabel = false, readsTokens = false } = reward;
    return { name, range: reward.range(config), readsLabel, readsTokens };
  });
}

/** The least and the greatest total reward that an answer can earn. */
export function rewardRange(config: RewardConfig): { low: number; high: number } {
  const ends = partsOf(config).map(({ range = [0, 1] }, index) => {
    const weight = config.rewardWeights[index] ?? 1;
    return range.map((end) => end * weight);
  });
  const sum = (pick: (a: number, b: number) => number) =>
    ends.reduce((total, [a, b]) => total + pick(a!, b!), 0);
  return { low: sum(Math.min), high: sum(Math.max) };
}
