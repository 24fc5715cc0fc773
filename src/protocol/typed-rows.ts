/** What to say of rows that tell their kind as Video-R1 does, to a run whose rewards do not read it. Pure. */
import { counted } from '../math/format.ts';
import type { RewardName } from '../rewards/index.ts';
import type { Config } from './config.ts';

/** The reward that scores each row by its kind, and those that score any row alike. */
export const BY_TYPE: RewardName = 'accuracy_video_r1';
export const ALIKE: readonly string[] = ['accuracy', 'accuracy_tolerant'] satisfies RewardName[];

/** A sentence; undefined where a reward reads the kind, or none compares with the label. `typed`: rows whose problem_type Video-R1 has. */
export function typedRowsLine(
  typed: number,
  { stage, rewards }: Pick<Config, 'stage' | 'rewards'>,
): string | undefined {
  const readsAlike = rewards.filter((name) => ALIKE.includes(name));
  if (typed === 0 || stage !== 'grpo' || readsAlike.length === 0 || rewards.includes(BY_TYPE))
    return undefined;
  return (
    `${counted(typed, 'row')} ${typed === 1 ? 'has' : 'have'} a problem_type of Video-R1, which ${readsAlike.join(' and ')} ` +
    `${readsAlike.length === 1 ? 'does' : 'do'} not read. ${BY_TYPE} does, with videoR1Type row: options, numbers, transcripts and free texts, each in its way.`
  );
}
