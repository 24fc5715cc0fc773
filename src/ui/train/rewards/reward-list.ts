/** Every reward that can be chosen, in the groups in which the form offers them. Pure. */
import type { ConfigKey } from '../../../protocol/config.ts';
import { REWARD_NAMES, REWARD_PARAMETERS, REWARDS } from '../../../rewards/index.ts';
import type { RewardGroup } from '../../../rewards/reward.ts';
import { modelsIn, sourcesIn } from '../../../store/reward-choice.ts';
import type { Draft } from '../../../store/settings.ts';

export interface OfferedReward {
  readonly name: string;
  /** What earns a point, a sentence. */
  readonly help: string;
  readonly source: string;
  /** Its settings. */
  readonly parameters: readonly ConfigKey[];
}

export interface OfferedGroup {
  readonly title: string;
  readonly rewards: readonly OfferedReward[];
}

/** Those of the published recipes come first: a run begins with two of them. */
const GROUPS: Readonly<Record<RewardGroup, string>> = {
  published: 'As published',
  answer: 'Whether the answer is right',
  format: 'How the answer is written',
  length: 'How long it is',
};

/** Settings that stand beside their reward. */
export const PARAMETER_KEYS: readonly ConfigKey[] = REWARD_PARAMETERS.map(({ key }) => key);

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

const builtIn = (group: RewardGroup): OfferedReward[] =>
  REWARD_NAMES.filter((name) => REWARDS[name].group === group).map((name) => ({
    name,
    help: sentence(REWARDS[name].help),
    source: sentence(REWARDS[name].source),
    parameters: REWARD_PARAMETERS.filter(({ reward }) => reward === name).map(({ key }) => key),
  }));

const BUILT_IN: readonly OfferedGroup[] = (Object.keys(GROUPS) as RewardGroup[]).map((group) => ({
  title: GROUPS[group],
  rewards: builtIn(group),
}));

const LANGUAGES = { py: 'Python', ts: 'TypeScript', js: 'JavaScript' } as const;

/** All groups that have a reward; names that are chosen and known nowhere have a group of their own. */
export function offeredGroups(
  draft: Pick<Draft, 'rewards' | 'rewardSources' | 'rewardModels'>,
): OfferedGroup[] {
  const own = (name: string, source: string): OfferedReward => ({ name, help: '', source, parameters: [] });
  const sources = sourcesIn(draft).map(({ name, language }) =>
    own(name, `A program in ${LANGUAGES[language]}.`),
  );
  const models = modelsIn(draft).map(({ name, model }) =>
    own(name, `The model ${model}, read as said under Reward models.`),
  );
  const known = [...BUILT_IN.flatMap(({ rewards }) => rewards), ...sources, ...models].map(
    ({ name }) => name,
  );
  const chosen: readonly string[] = Array.isArray(draft.rewards) ? draft.rewards : [];
  const lost = chosen
    .filter((name) => !known.includes(name))
    .map((name) => own(name, 'There is no such reward.'));
  const groups = [
    ...BUILT_IN,
    { title: 'Programs of your own', rewards: sources },
    { title: 'Models that score', rewards: models },
    { title: 'Missing', rewards: lost },
  ];
  return groups.filter(({ rewards }) => rewards.length > 0);
}
