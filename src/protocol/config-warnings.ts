import type { RewardSource } from '../rewards/contract.ts';
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
  const { rewards, rewardSources } = config;
  const isEarning = rewards.some((name) => !isRewardName(name) || REWARDS[name].range(config)[1] > 0);
  const punishing = `Nothing earns a reward: ${rewards.join(' and ')} can only punish, so the shortest answer is the best.`;
  const blind = rewardSources.filter((source) => rewards.includes(source.name) && readsNoText(source));
  return [
    ...(rewards.length === 0 || isEarning ? [] : [punishing]),
    ...blind.map(({ name, language }) => `${name} ${blindWords(language)}`),
  ];
}

/**
 * Whether a program is given chats and never speaks of what stands in one. That of TRL's first example, which takes the length of
 * each completion, would find 1 for every answer.
 */
export const readsNoText = ({ source, completions }: Pick<RewardSource, 'source' | 'completions'>): boolean =>
  completions === 'messages' && !/content|completion_ids/.test(source);

/** What is said of such a program, behind its name. */
export function blindWords(language: RewardSource['language']): string {
  const text = language === 'py' ? 'completion[0]["content"]' : 'completion[0].content';
  return `never reads what an answer says: an answer is a chat of one message, and its text is ${text}. If the program takes texts, choose that an answer is a text (--rewardCompletions text).`;
}
