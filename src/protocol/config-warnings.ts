import { isRewardName, REWARDS } from '../rewards/index.ts';
import { type Config, defaultConfig, diffConfig, type LossType } from './config.ts';
import { isIdleParameter, LOSS_FAMILIES, lossFamily, lossMean } from './losses.ts';

/** Above this, weights move further in one step than any policy was seen to bear. */
const LARGE_LEARNING_RATE = 0.01;

/** Settings that run but rarely mean what one hopes, a sentence each; of the loss TRL warns about the same ones. */
export function configWarnings(config: Config): string[] {
  const { learningRate } = config;
  const large =
    learningRate > LARGE_LEARNING_RATE
      ? [`A learning rate of ${learningRate} is likely to break the policy; up to 1e-3 is common.`]
      : [];
  return config.stage === 'sft' ? large : [...large, ...lossWarnings(config), ...rewardWarnings(config)];
}

function lossWarnings(config: Config): string[] {
  const { lossType, importanceSamplingLevel: level, delta } = config;
  const warnings = levelWarnings(lossType, level);
  if (delta !== null && delta <= 1 + (config.epsilonHigh ?? config.epsilon)) {
    warnings.push(`δ ${delta} lies inside the clip range; use a value above 1 + ε high.`);
  }
  const idle = diffConfig(defaultConfig(), config).filter(({ key }) => isIdleParameter(lossType, key));
  return [...warnings, ...idle.map(({ label }) => `${label} has no effect on ${lossType}.`)];
}

function levelWarnings(lossType: LossType, level: Config['importanceSamplingLevel']): string[] {
  const mean = lossMean(lossType);
  if (level === 'token') return mean === 'length' ? [`${lossType} is meant for one ratio per answer.`] : [];
  if (LOSS_FAMILIES[lossFamily(lossType)].ownWeight) {
    return [`${lossType} makes its own weight per answer; the ratio level has no effect on it.`];
  }
  return mean === 'answer' || mean === 'length'
    ? []
    : [`With one ratio per answer, ${lossType} weighs long answers more than short ones.`];
}

function rewardWarnings(config: Config): string[] {
  const { rewards } = config;
  const isEarning = rewards.some((name) => !isRewardName(name) || REWARDS[name].range(config)[1] > 0);
  return rewards.length === 0 || isEarning
    ? []
    : [
        `Nothing earns a reward: ${rewards.join(' and ')} can only punish, so the shortest answer is the best.`,
      ];
}
