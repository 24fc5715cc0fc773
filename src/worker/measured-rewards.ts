/** A run's rewards as an evaluation calls them: those that train, or the same opened to measure, built in and of one's own. */
import { InputError } from '../math/errors.ts';
import type { RewardMean } from '../protocol/messages.ts';
import type { RewardPanel } from '../rewards/panel.ts';
import { rewardMeans } from '../rl/measure/reward-means.ts';
import type { SaidText } from '../rl/measure/score-rows.ts';
import { RunContext, type RunExample, type SamplingContext } from '../rl/run-context.ts';
import { openRewards } from './rewards.ts';
import type { RunParts } from './run-parts.ts';

type RewardsOf = (
  examples: readonly RunExample[],
  said: readonly (readonly SaidText[])[],
) => Promise<RewardMean[]>;

export class MeasuredRewards {
  #opening: Promise<RewardPanel> | undefined;

  /** Nothing where no reward counts, as in supervised training. `step`: optimizer steps behind the weights. */
  of(parts: RunParts, context: SamplingContext, step: number): { readonly rewardsOf?: RewardsOf } {
    const { config } = parts;
    const { stage, rewards: names, promptsPerStep, groupSize } = config;
    if (stage !== 'grpo' || names.length === 0) return {};
    const state = {
      ...{ global_step: step, max_steps: config.steps, epoch: 0, num_input_tokens_seen: 0 },
      ...({ is_local_process_zero: true, is_world_process_zero: true } as const),
    };
    const calls = { names, answers: promptsPerStep * groupSize, state };
    return {
      rewardsOf: async (examples, said) => {
        try {
          return await rewardMeans(await this.#panel(parts, context), calls, examples, said);
        } catch (error) {
          // One that cannot be opened is said, and everything else of the evaluation counts.
          if (!(error instanceof InputError)) throw error;
          this.#opening = undefined;
          return names.map((name) => ({ name, mean: null, n: 0, failure: error.message }));
        }
      },
    };
  }

  #panel({ config, openers = {} }: RunParts, context: SamplingContext): RewardPanel | Promise<RewardPanel> {
    if (context instanceof RunContext) return context.rewards;
    this.#opening ??= openRewards(config, openers);
    return this.#opening;
  }

  [Symbol.dispose](): void {
    this.#opening?.then(
      (panel) => panel[Symbol.dispose](),
      () => undefined,
    );
  }
}
