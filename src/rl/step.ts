import { type Advantages, groupAdvantages } from '../math/advantages.ts';
import { scheduleFactor } from '../math/schedule.ts';
import type { Config } from '../protocol/config.ts';
import { LIVE_KEYS, type LiveValues } from '../protocol/live-settings.ts';
import { lossConfig } from '../protocol/loss-config.ts';
import type { RolloutGroup } from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import type { StepBasis } from '../protocol/step-basis.ts';
import type { RewardTrouble } from '../rewards/panel.ts';
import { slowRewards } from './health/health-rewards.ts';
import { brokenAnswer } from './health/not-finite.ts';
import { lengthMetrics, loggedMetrics, rewardMetrics } from './measure/metrics.ts';
import { StepClock, type StepTimes } from './measure/step-clock.ts';
import { type AnswerTokens, answerTokens } from './measure/token-values.ts';
import type { StepWork } from './measure/utilisation.ts';
import { joinResults, lossMetrics } from './objective/loss.ts';
import { describeGroup, meanKls, partsOf } from './report.ts';
import type { RunContext, RunExample } from './run-context.ts';
import { type SampledGroups, type StepOptions, sampleGroups } from './sample-groups.ts';
import type { UpdateGroup } from './update/micro-batches.ts';
import type { MicroResult, UpdateResult } from './update/update.ts';

export interface StepReport {
  readonly metrics: MetricValues;
  readonly seconds: Record<string, number>;
  /** Absent where nothing was sampled. */
  readonly basis?: StepBasis;
  readonly groups: readonly RolloutGroup[];
  /** What is known of the tokens of each answer, in the order of the groups; absent where nothing was sampled. */
  readonly tokens?: readonly AnswerTokens[];
  /** Where a log-probability is not finite; absent where all are. */
  readonly notFinite?: string;
  /** What is wrong with rewards in this step. */
  readonly troubles?: readonly RewardTrouble[];
}

/** One GRPO step: sample a group for each prompt, score, compare within groups, update. `step` counts from 0. */
export async function grpoStep(
  context: RunContext,
  examples: readonly RunExample[],
  step: number,
  options: StepOptions = {},
): Promise<StepReport> {
  const { config } = context.setup;
  const clock = new StepClock(context.setup.policy.gpu);
  const sampled = await sampleGroups(context, examples, step, clock, options);
  const advantages = advantagesOf(config, sampled);
  const learningRate = learningRateAt(config, step);
  const groups = updateGroups(config, sampled, advantages);
  const update = await clock.time('update', () =>
    context.updater.update(groups, learningRate, config.numIterations),
  );
  const times = await clock.end(step + 1);
  return report(context, sampled, advantages, update, times, learningRate);
}

/** Of all groups; those that train are compared with each other alone, and the others teach nothing. */
function advantagesOf(config: Config, { groups, trained }: SampledGroups): Advantages {
  const rewards = groups.flatMap(({ completions }) => completions.map((completion) => completion.rewards));
  const options = {
    groupSize: config.groupSize,
    aggregation: config.multiObjectiveAggregation,
    scale: config.scaleRewards,
    weights: config.rewardWeights,
  };
  const all = groupAdvantages(rewards, options);
  if (groups.length === trained) return all;
  const batch = groupAdvantages(rewards.slice(0, trained * config.groupSize), options);
  const advantages = all.advantages.map((_, row) => batch.advantages[row] ?? 0);
  return { ...all, advantages };
}

/** Learning rate of optimizer step `step`, counted from 0. */
export function learningRateAt(config: Config, step: number): number {
  const { schedule, steps, warmupSteps, learningRate } = config;
  return learningRate * scheduleFactor({ kind: schedule, totalSteps: steps, warmupSteps }, step);
}

function updateGroups(
  config: Config,
  { groups, trained }: SampledGroups,
  { advantages }: Advantages,
): UpdateGroup[] {
  return groups.slice(0, trained).map(({ example, media, completions }, index) => {
    const first = index * config.groupSize;
    return {
      prompt: example.prompt,
      completions: completions.map(({ ids }) => ids),
      media,
      advantages: advantages.slice(first, first + config.groupSize),
      trained: completions.map(({ ended }) => ended || !config.maskTruncatedCompletions),
      samplerLogProbs: completions.map(({ logProbs }) => logProbs),
    };
  });
}

function report(
  context: RunContext,
  { groups, trained, metrics: logged, troubles: found, seconds }: SampledGroups,
  advantages: Advantages,
  update: UpdateResult,
  times: StepTimes,
  learningRate: number,
): StepReport {
  const { config } = context.setup;
  const examples = groups.map(({ example }) => example);
  const scored = groups.map(({ completions }) => completions);
  const all = scored.flat();
  const lengths = all.map(({ ids }) => ids.length);
  const promptTokens = examples.reduce((sum, { prompt }) => sum + prompt.ids.length * config.groupSize, 0);
  const sampled = lengths.reduce((sum, length) => sum + length, 0);
  const left = groups.length - trained;
  const batch = updateTokens(groups.slice(0, trained));
  const { gradient, micro } = update;
  const rewards = all.map((completion) => completion.rewards);
  const objective = lossConfig(config);
  const passes = {
    kl: meanKls(micro, config.groupSize),
    parts: partsOf(objective, micro, config.groupSize),
  };
  const notFinite = brokenAnswer(examples, scored, micro);
  const troubles = [...found, ...slowRewards(config, seconds, times.total)];
  return {
    ...(notFinite === undefined ? {} : { notFinite }),
    ...(troubles.length === 0 ? {} : { troubles }),
    metrics: {
      ...rewardMetrics(config.rewards, rewards, advantages),
      ...loggedMetrics(logged),
      ...lengthMetrics(
        lengths,
        all.map(({ ended }) => ended),
      ),
      ...measured(config, micro, notFinite),
      ...(config.resampleRounds > 0 ? { groups_resampled: left } : {}),
      groups_skipped: trained - new Set(micro.flatMap(({ groups }) => groups.map(({ index }) => index))).size,
      grad_norm: gradient.norm,
      learning_rate: learningRate,
      num_tokens: promptTokens + sampled,
      step_time: times.total,
      'tokens_per_second/generate': sampled / Math.max(1e-9, times.stages.rollout ?? 0),
      'tokens_per_second/train': (batch.prompts + batch.sampled) / Math.max(1e-9, times.stages.update ?? 0),
      ...context.utilisation(stepWork(context, { groups }, update), times),
      'memory/peak_bytes': context.setup.policy.gpu.ledger.peak,
    },
    seconds: times.phases,
    basis: {
      promptTokens: promptTokens / config.groupSize,
      updatePromptTokens: batch.prompts,
      rollout: times.stages.rollout ?? 0,
      update: times.stages.update ?? 0,
      gradientFactor: gradient.factor,
      settings: liveSettings(config),
    },
    groups: examples.map((example, index) => ({
      ...describeGroup(config, example, scored[index]!, advantages, index, passes),
      ...(index < trained ? {} : { leftOut: true }),
    })),
    tokens: answerTokens(
      objective,
      { groupSize: config.groupSize, completions: all, advantages: advantages.advantages },
      micro,
      context.setup.tokenizer,
    ),
  };
}

/** What of the settings may be another in a later step. */
const liveSettings = (config: Config): LiveValues =>
  Object.fromEntries(LIVE_KEYS.map((key) => [key, config[key]]));

/** Tokens of each prompt once, and of the answers. */
function updateTokens(groups: SampledGroups['groups']): { prompts: number; sampled: number } {
  const total = (lengths: readonly number[]): number => lengths.reduce((sum, length) => sum + length, 0);
  return {
    prompts: total(groups.map(({ example }) => example.prompt.ids.length)),
    sampled: total(groups.flatMap(({ completions }) => completions.map(({ ids }) => ids.length))),
  };
}

function stepWork(
  context: RunContext,
  { groups: sampled }: Pick<SampledGroups, 'groups'>,
  { micro }: UpdateResult,
): StepWork {
  const groups = sampled.map(({ example: { prompt }, completions }) => ({
    prompt: prompt.ids.length,
    completions: completions.map(({ ids }) => ids.length),
  }));
  return {
    rollout: { groups, rows: context.rolloutRows },
    passes: micro.map(({ arrays }) => arrays),
    iterations: context.setup.config.numIterations,
  };
}

/**
 * What the loss kernels measured, over all passes. Answers that were skipped (see `dealGroups`) are in no mean; TRL runs them
 * forward and counts them. Where all were skipped only the loss is reported: 0, or NaN where the sampler saw numbers that are not finite.
 */
function measured(
  config: Config,
  micro: readonly MicroResult[],
  notFinite: string | undefined,
): MetricValues {
  if (micro.length === 0) return { loss: notFinite === undefined ? 0 : Number.NaN };
  return lossMetrics(lossConfig(config), joinResults(micro.map(({ loss }) => loss)), true);
}
