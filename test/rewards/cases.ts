import type { RewardBatch } from '../../src/rewards/contract.ts';
import { REWARD_PARAMETERS, type RewardSettings } from '../../src/rewards/index.ts';
import type { RewardContext } from '../../src/rewards/reward.ts';

type FullContext = RewardContext & RewardSettings;

/** The settings of all rewards, as they are unless said. */
export const SETTINGS = {
  ...(Object.fromEntries(
    REWARD_PARAMETERS.map((row) => [row.key, row.default]),
  ) as unknown as RewardSettings),
  maxCompletionLength: 100,
};

/** A case's context in full: what it leaves unsaid is the same for all, and the call has no other row. */
export function contextOf({
  text: _,
  score: __,
  ...said
}: { text: string; score: number | null } & Partial<FullContext>): FullContext {
  const { row = {}, first = row } = said;
  return { ...SETTINGS, label: 'happy', tokens: 10, ids: [], ...said, row, first };
}

/** A completion and what is known of it. */
export interface Scored {
  readonly text: string;
  readonly label: string | null;
  readonly ids: readonly number[];
  readonly row: Readonly<Record<string, unknown>>;
}

/** A call with these completions. */
export function batchOf(cases: readonly Scored[]): RewardBatch {
  const names = new Set(cases.flatMap(({ row }) => Object.keys(row)));
  return {
    prompts: cases.map(() => 'Which emotion?'),
    completions: cases.map(({ text }) => text),
    completion_ids: cases.map(({ ids }) => ids),
    columns: Object.fromEntries([...names].map((name) => [name, cases.map(({ row }) => row[name] ?? null)])),
    labels: cases.map(({ label }) => label),
    trainer_state: {
      ...{ global_step: 0, max_steps: 1, epoch: 0, num_input_tokens_seen: 0 },
      ...{ is_local_process_zero: true, is_world_process_zero: true },
    },
  };
}
