/** Which rewards count and what each weighs: two lists of the settings that stay in step. Pure. */
import type { Config } from '../protocol/config.ts';
import type { RewardModelSummary } from '../protocol/reward-models.ts';
import type { Draft } from './settings.ts';

/** A weight that cannot be read stays as it was typed, so that the check can name it. */
export interface RewardChoice {
  readonly rewards: readonly string[];
  /** Empty where each weighs 1. */
  readonly rewardWeights: readonly unknown[];
}

/** The choice as the form has it. */
export function choiceIn({ rewards, rewardWeights }: Pick<Draft, 'rewards' | 'rewardWeights'>): RewardChoice {
  return {
    rewards: Array.isArray(rewards) ? rewards : [],
    rewardWeights: Array.isArray(rewardWeights) ? rewardWeights : [],
  };
}

type Sources = Config['rewardSources'];
type Models = Config['rewardModels'];

/** The person's own programs and the models in a draft. */
export const sourcesIn = ({ rewardSources }: Pick<Draft, 'rewardSources'>): Sources =>
  Array.isArray(rewardSources) ? rewardSources : [];
export const modelsIn = ({ rewardModels }: Pick<Draft, 'rewardModels'>): Models =>
  Array.isArray(rewardModels) ? rewardModels : [];

/** The open models with one more; one that is open already is told anew. */
export const withOpened = (
  open: readonly RewardModelSummary[],
  model: RewardModelSummary,
): RewardModelSummary[] => [...open.filter(({ identity }) => identity !== model.identity), model];

export const weightOf = ({ rewards, rewardWeights }: RewardChoice, name: string): unknown =>
  rewardWeights[rewards.indexOf(name)] ?? 1;

/** With a reward chosen or not; the others keep their weights, and all stand in `order`, whatever the order of clicking. */
export function withReward(
  choice: RewardChoice,
  name: string,
  isChosen: boolean,
  order: readonly string[],
): RewardChoice {
  const others = choice.rewards.filter((each) => each !== name);
  const rewards = isChosen ? [...others, name] : others;
  const place = (each: string) => (order.includes(each) ? order.indexOf(each) : order.length);
  return weighed(
    rewards.sort((a, b) => place(a) - place(b)),
    (each) => weightOf(choice, each),
  );
}

export const withWeight = (choice: RewardChoice, name: string, weight: unknown): RewardChoice =>
  weighed(choice.rewards, (each) => (each === name ? weight : weightOf(choice, each)));

/** With another name for a reward. */
export const renamed = (choice: RewardChoice, from: string, to: string): RewardChoice => ({
  ...choice,
  rewards: choice.rewards.map((each) => (each === from ? to : each)),
});

function weighed(rewards: readonly string[], weight: (name: string) => unknown): RewardChoice {
  const rewardWeights = rewards.map(weight);
  return { rewards, rewardWeights: rewardWeights.every((each) => each === 1) ? [] : rewardWeights };
}

/** The rewards with the weights that are not 1: `accuracy + 0.5 × format`. */
export const choiceWords = (choice: RewardChoice): string =>
  choice.rewards
    .map((name) => (weightOf(choice, name) === 1 ? name : `${weightOf(choice, name)} × ${name}`))
    .join(' + ');
