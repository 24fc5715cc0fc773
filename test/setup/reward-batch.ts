import type { RewardBatch } from '../../src/rewards/contract.ts';

/** A batch of texts, each with an id for every character, at the third of ten steps. */
export function rewardBatch(
  completions: readonly string[],
  columns: RewardBatch['columns'] = {},
): RewardBatch {
  return {
    prompts: completions.map(() => [{ role: 'user', content: 'Which is it?' }]),
    completions,
    completion_ids: completions.map((text) => [...text].map((_, at) => at)),
    columns,
    labels: completions.map(() => null),
    trainer_state: {
      ...{ global_step: 3, max_steps: 10, epoch: 0.5, num_input_tokens_seen: 0 },
      ...{ is_local_process_zero: true, is_world_process_zero: true },
    },
  };
}
