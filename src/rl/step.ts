import { type Advantages, groupAdvantages } from '../math/advantages.ts';
import { scheduleFactor } from '../optim/schedule.ts';
import type { Config } from '../protocol/config.ts';
import type { RolloutGroup } from '../protocol/messages.ts';
import type { MetricValues } from '../protocol/metrics.ts';
import type { RewardTrouble } from '../rewards/panel.ts';
import { slowRewards } from './health/health-rewards.ts';
import { brokenAnswer } from './health/not-finite.ts';
import { lengthMetrics, loggedMetrics, rewardMetrics } from './measure/metrics.ts';
import { StepClock, type StepTimes } from './measure/step-clock.ts';
import { type AnswerTokens, answerTokens } from './measure/token-values.ts';
import type { StepWork } from './measure/utilisation.ts';
import { joinResults, lossMetrics } from './objective/loss.ts';
import { lossConfig } from './objective/loss-config.ts';
import { rewardBatch } from './objective/reward-batch.ts';
import { describeGroup, meanKls, type ReadCompletion, type ScoredCompletion } from './report.ts';
import type { Completion } from './rollout/generator.ts';
import type { LiveAnswers } from './rollout/live-answer.ts';
import { stopFinder } from './rollout/stops.ts';
import type { RunContext, RunExample } from './run-context.ts';
import type { GroupMedia } from './update/micro-batches.ts';
import type { MicroResult, UpdateResult } from './update/update.ts';

export interface StepReport {
  readonly metrics: MetricValues;
  readonly seconds: Record<string, number>;
  readonly groups: readonly RolloutGroup[];
  /** What is known of the tokens of each answer, in the order of the groups; absent where nothing was sampled. */
  readonly tokens?: readonly AnswerTokens[];
  /** Where a log-probability is not finite; absent where all are. */
  readonly notFinite?: string;
  /** What is wrong with rewards in this step. */
  readonly troubles?: readonly RewardTrouble[];
}

/** What a step is told beside its rows. */
export interface StepOptions {
  /** Tells an answer while it is sampled. */
  readonly live?: LiveAnswers | undefined;
  /** How often the rows have been seen before, and the tokens of prompts and answers since. */
  readonly epoch?: number;
  readonly tokens?: number;
}

/** What rewards made of a step's completions, by group. */
interface Scored {
  readonly groups: readonly (readonly ScoredCompletion[])[];
  /** What they logged. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly troubles: readonly RewardTrouble[];
  /** By reward. */
  readonly seconds: Readonly<Record<string, number>>;
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
  const media = await clock.time('media', () => mapInOrder(examples, (example) => context.mediaOf(example)));
  const completions = await clock.time('rollout', () =>
    rollOut(context, examples, media, step, options.live),
  );
  const answers = readAll(context, examples, completions);
  const scored = await clock.time('rewards', () => scoreAll(context, examples, answers, step, options));
  const advantages = groupAdvantages(
    scored.groups.flat().map(({ rewards }) => rewards),
    {
      groupSize: config.groupSize,
      aggregation: config.multiObjectiveAggregation,
      scale: config.scaleRewards,
      weights: config.rewardWeights,
    },
  );
  const learningRate = learningRateAt(config, step);
  const groups = updateGroups(config, examples, scored.groups, advantages, media);
  const update = await clock.time('update', () =>
    context.updater.update(groups, learningRate, config.numIterations),
  );
  const times = await clock.end(step + 1);
  return report(context, examples, scored, advantages, update, times, learningRate);
}

/** Learning rate of optimizer step `step`, counted from 0. */
export function learningRateAt(config: Config, step: number): number {
  const { schedule, steps, warmupSteps, learningRate } = config;
  return learningRate * scheduleFactor({ kind: schedule, totalSteps: steps, warmupSteps }, step);
}

async function rollOut(
  context: RunContext,
  examples: readonly RunExample[],
  media: readonly (GroupMedia & { tokens: NonNullable<GroupMedia['tokens']> })[],
  step: number,
  live: LiveAnswers | undefined,
): Promise<Completion[][]> {
  const { config, tokenizer } = context.setup;
  const generator = await context.rolloutGenerator();
  const { temperature, topK, topP, minP, repetitionPenalty, seed } = config;
  const settings = { temperature, topK, topP, minP, repetitionPenalty, seed, step };
  const prompts = examples.map(({ prompt }) => prompt);
  const exampleIds = examples.map(({ id }) => id);
  const listener = live?.listen({ step: step + 1, exampleIds, tokenizer });
  const stop = stopFinder(tokenizer, config.stopStrings);
  return generator.generate(prompts, settings, (index) => media[index]!.tokens, { listener, stop });
}

/** Completions as text, what the template begins them with included. */
function readAll(
  { setup: { tokenizer } }: RunContext,
  examples: readonly RunExample[],
  completions: readonly (readonly Completion[])[],
): ReadCompletion[][] {
  return completions.map((group, index) =>
    group.map((completion) => {
      const { prefill = '' } = examples[index]!;
      const text = prefill + tokenizer.decode(completion.ids);
      const rawText = prefill + tokenizer.decode(completion.ids, { skipSpecialTokens: false });
      return { ...completion, text, rawText };
    }),
  );
}

async function scoreAll(
  { setup: { config }, rewards: panel }: RunContext,
  examples: readonly RunExample[],
  answers: readonly (readonly ReadCompletion[])[],
  step: number,
  { epoch = 0, tokens = 0 }: StepOptions,
): Promise<Scored> {
  const batch = rewardBatch(examples, answers, {
    ...{ global_step: step, max_steps: config.steps, epoch, num_input_tokens_seen: tokens },
    ...{ is_local_process_zero: true, is_world_process_zero: true },
  });
  const { values, extras, metrics, troubles, seconds } = await panel.score(batch);
  const groups = answers.map((group, index) =>
    group.map((answer, place) => {
      const row = index * config.groupSize + place;
      return { ...answer, rewards: values[row]!, extras: extras[row]! };
    }),
  );
  return { groups, metrics, troubles, seconds };
}

function updateGroups(
  config: Config,
  examples: readonly RunExample[],
  scored: readonly (readonly ScoredCompletion[])[],
  { advantages }: Advantages,
  media: readonly GroupMedia[],
) {
  return examples.map((example, index) => {
    const completions = scored[index]!;
    const first = index * config.groupSize;
    return {
      prompt: example.prompt,
      completions: completions.map(({ ids }) => ids),
      media: media[index]!,
      advantages: advantages.slice(first, first + config.groupSize),
      trained: completions.map(({ ended }) => ended || !config.maskTruncatedCompletions),
      samplerLogProbs: completions.map(({ logProbs }) => logProbs),
    };
  });
}

function report(
  context: RunContext,
  examples: readonly RunExample[],
  { groups: scored, metrics: logged, troubles: found, seconds }: Scored,
  advantages: Advantages,
  update: UpdateResult,
  times: StepTimes,
  learningRate: number,
): StepReport {
  const { config } = context.setup;
  const all = scored.flat();
  const lengths = all.map(({ ids }) => ids.length);
  const promptTokens = examples.reduce((sum, { prompt }) => sum + prompt.ids.length * config.groupSize, 0);
  const sampled = lengths.reduce((sum, length) => sum + length, 0);
  const { gradient, micro } = update;
  const rewards = all.map((completion) => completion.rewards);
  const kl = meanKls(micro, config.groupSize);
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
      groups_skipped:
        examples.length - new Set(micro.flatMap(({ groups }) => groups.map(({ index }) => index))).size,
      grad_norm: gradient.norm,
      learning_rate: learningRate,
      num_tokens: promptTokens + sampled,
      step_time: times.total,
      'tokens_per_second/generate': sampled / Math.max(1e-9, times.stages.rollout ?? 0),
      'tokens_per_second/train':
        (promptTokens / config.groupSize + sampled) / Math.max(1e-9, times.stages.update ?? 0),
      ...context.utilisation(stepWork(context, examples, scored, update), times),
      'memory/peak_bytes': context.setup.policy.gpu.ledger.peak,
    },
    seconds: times.phases,
    groups: examples.map((example, index) =>
      describeGroup(config, example, scored[index]!, advantages, index, kl),
    ),
    tokens: answerTokens(
      lossConfig(config),
      { groupSize: config.groupSize, completions: all, advantages: advantages.advantages },
      micro,
      context.setup.tokenizer,
    ),
  };
}

function stepWork(
  context: RunContext,
  examples: readonly RunExample[],
  scored: readonly (readonly ScoredCompletion[])[],
  { micro }: UpdateResult,
): StepWork {
  const groups = examples.map(({ prompt }, index) => ({
    prompt: prompt.ids.length,
    completions: scored[index]!.map(({ ids }) => ids.length),
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

/** Awaits `make` for one item after the other: plans must not overlap. */
export async function mapInOrder<A, B>(items: readonly A[], make: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of items) results.push(await make(item));
  return results;
}
