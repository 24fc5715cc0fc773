/** Every figure of a step with its working: the formula, this step's numbers, the result. Pure. */
import { type FixedMetricKey, type MetricKey, metricOf } from '../metrics.ts';
import type { StepFacts } from './facts.ts';
import { unknown, type Working } from './line.ts';
import { kernelWorking, lossWorking } from './loss-metrics.ts';
import {
  gradientWorking,
  learningRateWorking,
  MEASURED,
  resampledWorking,
  skippedWorking,
  speedWorking,
  timeWorking,
  tokensWorking,
} from './pace.ts';
import { lengthWorkingOf, rewardWorkingOf, zeroSpreadWorking } from './reward-metrics.ts';

const WORKINGS: { readonly [K in FixedMetricKey]?: (facts: StepFacts) => Working } = {
  reward: (facts) => rewardWorkingOf(facts, 'total', false),
  reward_std: (facts) => rewardWorkingOf(facts, 'total', true),
  frac_reward_zero_std: zeroSpreadWorking,
  loss: (facts) => lossWorking('loss', facts),
  policy_loss: (facts) => lossWorking('policy_loss', facts),
  grad_norm: gradientWorking,
  learning_rate: learningRateWorking,
  num_tokens: tokensWorking,
  step_time: timeWorking,
  'tokens_per_second/generate': (facts) => speedWorking('tokens_per_second/generate', facts),
  'tokens_per_second/train': (facts) => speedWorking('tokens_per_second/train', facts),
  groups_skipped: skippedWorking,
  groups_resampled: resampledWorking,
};

const REWARD = /^rewards\/(.+)\/(mean|std)$/;

export function metricWorking(key: MetricKey, facts: StepFacts): Working {
  const reward = REWARD.exec(key);
  if (reward) return rewardWorkingOf(facts, { reward: reward[1]! }, reward[2] === 'std');
  const made =
    WORKINGS[key as FixedMetricKey]?.(facts) ?? lengthWorkingOf(key, facts) ?? kernelWorking(key, facts);
  if (made) return made;
  const { help } = metricOf(key);
  return unknown(help, MEASURED[key] ?? 'What it is the mean of is not kept with the step.');
}
