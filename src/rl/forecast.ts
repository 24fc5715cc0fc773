import { groupAdvantages, hasSignal } from '../math/advantages.ts';
import { expectedSignal } from '../math/signal.ts';
import { mean, scored } from '../math/stats.ts';
import type { Config } from '../protocol/config.ts';
import { FORECAST_SIZES, type Forecast } from '../protocol/forecast.ts';
import type { RewardPanel } from '../rewards/panel.ts';
import { rewardBatch } from './objective/reward-batch.ts';
import { stopFinder } from './rollout/stops.ts';
import type { RunExample, SamplingContext } from './run-context.ts';

/** A run's rewards before its first step. */
const FIRST_CALL = {
  ...{ global_step: 0, epoch: 0, num_input_tokens_seen: 0 },
  ...({ is_local_process_zero: true, is_world_process_zero: true } as const),
};

/**
 * Samples and scores answers to the examples as a run's first step does, with the same random numbers, and says what there is to learn
 * from. Nothing trains. `config` says group, rewards and sampling; lengths and prompts are those the context was opened for.
 */
export async function forecastOf(
  context: SamplingContext,
  examples: readonly RunExample[],
  panel: Pick<RewardPanel, 'score'>,
  config: Config,
  progress: (answered: number, of: number) => void,
): Promise<Forecast> {
  const { tokenizer } = context.setup;
  const { groupSize, temperature, topK, topP, minP, repetitionPenalty, seed, promptsPerStep } = config;
  const generator = await context.evaluationGenerator(groupSize);
  const start = performance.now();
  const completions = await generator.generate(
    examples.map(({ prompt }) => prompt),
    { temperature, topK, topP, minP, repetitionPenalty, seed, step: 0 },
    async (index) => (await context.mediaOf(examples[index]!)).tokens,
    {
      progress: (answered) => progress(answered, examples.length),
      stop: stopFinder(tokenizer, config.stopStrings),
    },
  );
  const answers = completions.map((group, index) =>
    group.map(({ ids }) => ({ ids, text: (examples[index]!.prefill ?? '') + tokenizer.decode(ids) })),
  );
  const told = { ...FIRST_CALL, max_steps: config.steps };
  const { values, troubles } = await panel.score(rewardBatch(examples, answers, told));
  const seconds = (performance.now() - start) / 1000;
  const all = completions.flat();
  return {
    ...{ rows: examples.length, groupSize },
    ...signalOf(values, config),
    meanLength: mean(all.map(({ ids }) => ids.length)),
    cutShort: mean(all.map(({ ended }) => Number(!ended))),
    stepSeconds: (seconds / examples.length) * promptsPerStep,
    troubles: [...new Set(troubles.map(({ message }) => message))],
  };
}

type Scores = readonly (readonly (number | null)[])[];

function signalOf(
  values: Scores,
  { groupSize, rewards, rewardWeights: weights, multiObjectiveAggregation: aggregation }: Config,
): Pick<Forecast, 'withSignal' | 'reward' | 'rewards' | 'bySize'> {
  const { totals } = groupAdvantages(values, { groupSize, aggregation, scale: 'group', weights });
  const groups = totals.flatMap((_, at) => (at % groupSize === 0 ? [at] : []));
  const byGroup = groups.map((at) => totals.slice(at, at + groupSize));
  const sizes = [...new Set([...FORECAST_SIZES, groupSize])].sort((a, b) => a - b);
  return {
    withSignal: groups.filter((at) => hasSignal(values.slice(at, at + groupSize), { aggregation, weights }))
      .length,
    reward: mean(scored(totals)),
    rewards: rewards.map((name, k) => {
      const column = scored(values.map((row) => row[k] ?? null));
      return { name, mean: column.length > 0 ? mean(column) : null };
    }),
    bySize: sizes.map((size) => ({ groupSize: size, share: expectedSignal(byGroup, size) })),
  };
}
