import type { Config } from '../../protocol/config.ts';
import { rewardRange } from '../objective/reward-range.ts';
import { type Finding, figure, setting, type Watch } from './health-look.ts';

/** Steps and groups without a signal after which it is said, and after which a run that never had one rests. */
const SILENT = { steps: 5, groups: 24 };
const POINTLESS = { steps: 20, groups: 40 };

/** Groups whose answers all score the same teach nothing: all right, all wrong, or all equally half right. */
export function watchSignal(config: Config): Watch {
  const { promptsPerStep, entropyCoef } = config;
  const range = rewardRange(config);
  const reachOf = ({ steps, groups }: typeof SILENT): number =>
    Math.max(steps, Math.ceil(groups / promptsPerStep));
  const [saidAfter, pointlessAfter] = [reachOf(SILENT), reachOf(POINTLESS)];
  let silent = 0;
  let signals = false;
  return ({ metrics: { frac_reward_zero_std: share, reward = Number.NaN } }) => {
    if (share === undefined) return undefined;
    silent = share === 1 ? silent + 1 : 0;
    signals ||= share !== 1;
    // The variety bonus moves weights without any signal.
    const pointless = silent > 0 && silent % pointlessAfter === 0 && !signals && entropyCoef === 0;
    if (!pointless && silent !== saidAfter) return undefined;
    return {
      ...sameness(config, reward, range),
      evidence: `${silent} steps in a row, ${silent * promptsPerStep} clips${signals ? '' : ', all since the start'}; mean reward ${figure(reward)}${range ? `, of ${figure(range.low)} to ${figure(range.high)}` : ''}.`,
      pauses: pointless,
    };
  };
}

function sameness(
  { groupSize }: Config,
  reward: number,
  range: { low: number; high: number } | undefined,
): Pick<Finding, 'message' | 'hint'> {
  // Of a range that is not known, nobody can say which end answers are at.
  const { low, high } = range ?? { low: Number.NaN, high: Number.NaN };
  const near = 0.01 * (high - low);
  if (reward >= high - near) {
    return {
      message: 'No group has a signal: all answers are right.',
      hint: 'These clips have nothing more to teach: measure on held-out clips, export, or train on harder ones.',
    };
  }
  if (reward <= low + near) {
    return {
      message: 'No group has a signal: all answers are wrong.',
      hint: `Look at the answers: if they miss the format, begin with supervised steps (stage sft) or a ${setting('rewards')} they can earn; if the answer is never right, ask an easier question.`,
    };
  }
  return {
    message: 'No group has a signal: all answers to a clip score the same.',
    hint: `Raise ${setting('temperature')} or ${setting('groupSize')} (${groupSize}), or choose ${setting('rewards')} that tell the answers apart.`,
  };
}
