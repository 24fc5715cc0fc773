import type { Config } from '../../protocol/config.ts';
import { isRewardName } from '../../rewards/index.ts';
import type { RewardTrouble } from '../../rewards/panel.ts';
import { type Finding, figure, inARow, percent, setting, type Watch } from './health-look.ts';

/** Batches in a row that a reward did not score, after which a run rests. */
const MOST_FAILURES = 3;

/** Of one reward: said at the first batch that it does not score, and again where the run rests for it. */
export function watchReward(name: string): (config: Config) => Watch {
  return (config) => {
    let failures = 0;
    const logs = inARow(1);
    return ({ troubles = [] }) => {
      const own = troubles.filter(({ reward, isSlow }) => reward === name && !isSlow);
      const failed = own.find(({ isScored }) => !isScored);
      failures = failed ? failures + 1 : 0;
      const left = own.find(({ isScored }) => isScored);
      const isNew = logs(left !== undefined);
      if (failed)
        return failures === 1 || failures % MOST_FAILURES === 0
          ? failing(config, name, failed.message, failures)
          : undefined;
      if (!left || !isNew) return undefined;
      return { message: left.message, evidence: 'Its scores count.', hint: `Mend what ${name} logs.` };
    };
  };
}

function failing({ rewards }: Config, name: string, message: string, failures: number): Finding {
  const others = rewards.filter((each) => each !== name);
  const meanwhile =
    others.length > 0
      ? `Its answers are scored by ${others.join(', ')} alone.`
      : 'Nothing scores its answers.';
  return {
    message,
    evidence: `${failures === 1 ? 'A batch was' : `${failures} batches in a row were`} not scored by it. ${meanwhile}`,
    hint: isRewardName(name) ? `Take it out of ${setting('rewards')}.` : `Mend ${name}, then go on.`,
    pauses: failures % MOST_FAILURES === 0,
  };
}

/** A reward may take so much of a step, and so many seconds, before that is said. */
const MOST_SHARE = 0.1;
const LEAST_SECONDS = 0.5;

/** Rewards that cost a step more than they should. Models that score are left out: they take the time of a model. */
export function slowRewards(
  { rewardModels, groupSize, promptsPerStep }: Config,
  seconds: Readonly<Record<string, number>>,
  ofStep: number,
): RewardTrouble[] {
  const isModel = (name: string): boolean => rewardModels.some((model) => model.name === name);
  return Object.entries(seconds)
    .filter(([name, took]) => took > LEAST_SECONDS && took > MOST_SHARE * ofStep && !isModel(name))
    .map(([reward, took]) => ({
      reward,
      message: `The reward ${reward} took ${figure(took)} s for ${groupSize * promptsPerStep} answers, of the step’s ${figure(ofStep)} s.`,
      isScored: true,
      isSlow: true,
    }));
}

/** Said once for every row of steps in which a reward is slow. */
export function watchSlow(name: string): () => Watch {
  return () => {
    const begins = inARow(1);
    return ({ troubles = [] }) => {
      const slow = troubles.find(({ reward, isSlow }) => reward === name && isSlow);
      if (!begins(slow !== undefined)) return undefined;
      return {
        message: slow!.message,
        evidence: `More than ${percent(MOST_SHARE)} of the step waited for it.`,
        hint: isRewardName(name)
          ? `Take it out of ${setting('rewards')}, or let answers be shorter.`
          : `Make ${name} quicker: do once, outside of the function, what need not be done for each batch.`,
      };
    };
  };
}

/** Said once for every row of steps: answers that no reward scored are in no mean, and teach nothing. */
export function watchUnscored(): Watch {
  const begins = inARow(1);
  return ({ answers }) => {
    const unscored = answers?.unscored ?? 0;
    if (!begins(unscored > 0)) return undefined;
    return {
      message: `${unscored} of ${answers?.answers.length} answers have no score: every reward says that it does not apply.`,
      evidence: 'They are left out of means and deviations, and their advantage is 0.',
      hint: `Add one to ${setting('rewards')} that applies to these rows.`,
    };
  };
}
