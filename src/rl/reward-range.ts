import type { Config } from '../protocol/config.ts';
import { REWARDS } from './rewards.ts';

/** The least and the greatest total reward that an answer can earn. */
export function rewardRange(config: Pick<Config, 'rewards' | 'rewardWeights' | 'repetitionMaxPenalty'>): {
  low: number;
  high: number;
} {
  const ends = config.rewards.map((name, index) => {
    const weight = config.rewardWeights[index] ?? 1;
    const scale = name === 'repetition' ? config.repetitionMaxPenalty : 1;
    return REWARDS[name].range.map((end) => end * scale * weight);
  });
  const sum = (pick: (a: number, b: number) => number) =>
    ends.reduce((total, [a, b]) => total + pick(a!, b!), 0);
  return { low: sum(Math.min), high: sum(Math.max) };
}
