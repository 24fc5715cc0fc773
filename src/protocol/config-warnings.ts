import { type Config, fieldOf } from './config.ts';

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
  const { lossType, importanceSamplingLevel: level, dualClip, delta } = config;
  const warnings: string[] = [];
  if (level === 'sequence' && ['bnpo', 'dr_grpo', 'dapo', 'cispo'].includes(lossType)) {
    warnings.push(`With one ratio per answer, ${lossType} weighs long answers more than short ones.`);
  }
  if (level === 'token' && lossType === 'luspo') warnings.push('luspo is meant for one ratio per answer.');
  if (level === 'sequence' && lossType === 'vespo') {
    warnings.push('vespo makes its own weight per answer; the ratio level has no effect on it.');
  }
  if (delta !== null && delta <= 1 + (config.epsilonHigh ?? config.epsilon)) {
    warnings.push(`δ ${delta} lies inside the clip range; use a value above 1 + ε high.`);
  }
  if (dualClip !== null && ['cispo', 'sapo', 'vespo'].includes(lossType)) {
    warnings.push(`${fieldOf('dualClip').label} has no effect on ${lossType}, which does not clip its loss.`);
  }
  return warnings;
}

function rewardWarnings({ rewards }: Config): string[] {
  const earning = rewards.filter((name) => name !== 'soft_overlong' && name !== 'repetition');
  return rewards.length > 0 && earning.length === 0
    ? [
        'Nothing earns a reward: soft_overlong and repetition only punish, so the shortest answer is the best.',
      ]
    : [];
}
