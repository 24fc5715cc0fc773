/** Models that score answers: those that are open, and what the form calls them as rewards. */
import type { StoreApi } from 'zustand/vanilla';
import { type Config, knownRewards } from '../protocol/config.ts';
import { REWARD_NAME, REWARD_NAME_WORDS } from '../protocol/config-rewards.ts';
import type { CommandType, SourceFile } from '../protocol/messages.ts';
import { parseMapping, type RewardModelSummary, rewardNameOf } from '../protocol/reward-models.ts';
import type { Ask } from './asking.ts';
import { choiceIn, modelsIn, renamed, sourcesIn, withReward } from './reward-choice.ts';
import { type Draft, type Edits, editFields } from './settings.ts';
import type { StudioState } from './state.ts';

export type RewardModelEntry = Config['rewardModels'][number];

/** Where a model comes from: given files, a folder that the page has the handle of, or the browser's storage. */
export type RewardModelPlace =
  | { readonly files: SourceFile[] }
  | { readonly folder: FileSystemDirectoryHandle }
  | { readonly key: string };

export const OPENS_SCORER: readonly CommandType[] = [
  'openRewardModel',
  'openRewardModelFolder',
  'openStoredRewardModel',
];

export interface RewardModelControls {
  /** Opens a model that scores; where the form has no reward of it, it becomes one, as trainers use it. */
  openRewardModel(place: RewardModelPlace): Promise<void>;
  /** Lets go of it, and of the rewards that it is. */
  closeRewardModel(identity: string): void;
}

type Form = Pick<Draft, 'rewards' | 'rewardWeights' | 'rewardSources' | 'rewardModels'>;

const namesIn = (form: Form): string[] =>
  knownRewards({ rewardSources: sourcesIn(form), rewardModels: modelsIn(form) });

/** What makes a model one more reward, which counts: its first logit of prompt and answer. */
export function addedReward(
  form: Form,
  { name: model, identity }: Pick<RewardModelSummary, 'name' | 'identity'>,
): Edits {
  const taken = namesIn(form);
  const stem = rewardNameOf(model);
  const name = taken.includes(stem) ? `${stem}_${numberAfter(stem, taken)}` : stem;
  const rewardModels = [...modelsIn(form), { name, model, identity, mapping: { ...parseMapping({}) } }];
  const order = namesIn({ ...form, rewardModels });
  return { rewardModels, ...withReward(choiceIn(form), name, true, order) };
}

function numberAfter(stem: string, taken: readonly string[]): number {
  let number = 2;
  while (taken.includes(`${stem}_${number}`)) number++;
  return number;
}

/** What takes rewards out of the form that are models. */
export function removedRewards(form: Form, isGone: (entry: RewardModelEntry) => boolean): Edits {
  const entries = modelsIn(form);
  const gone = entries.filter(isGone).map(({ name }) => name);
  const left = gone.reduce((choice, name) => withReward(choice, name, false, namesIn(form)), choiceIn(form));
  return { rewardModels: entries.filter((entry) => !isGone(entry)), ...left };
}

/** What changes an entry; under another name it keeps its place and weight. */
export function changedReward(form: Form, name: string, change: Partial<RewardModelEntry>): Edits {
  const rewardModels = modelsIn(form).map((entry) => (entry.name === name ? { ...entry, ...change } : entry));
  return { rewardModels, ...renamed(choiceIn(form), name, change.name ?? name) };
}

/** Why a reward cannot be called so; undefined where it can. */
export function nameHindrance(form: Form, name: string, now: string): string | undefined {
  if (!REWARD_NAME.test(name)) return `Expected ${REWARD_NAME_WORDS}.`;
  const isTaken = name !== now && namesIn(form).includes(name);
  return isTaken ? 'There is a reward of this name already.' : undefined;
}

/** A reward that counts and whose model is not open. */
export const unopened = (
  { rewardModels: open }: Pick<StudioState, 'rewardModels'>,
  draft: Form,
): RewardModelEntry | undefined =>
  modelsIn(draft).find(
    ({ name, identity }) =>
      choiceIn(draft).rewards.includes(name) && !open.some((model) => model.identity === identity),
  );

export function rewardModelControls(
  store: StoreApi<StudioState>,
  ask: Ask,
  close: (identity: string) => void,
): RewardModelControls {
  const openAt = (place: RewardModelPlace) => {
    if ('files' in place) return ask('openRewardModel', place);
    return 'folder' in place ? ask('openRewardModelFolder', place) : ask('openStoredRewardModel', place);
  };
  return {
    async openRewardModel(place) {
      const { model } = await openAt(place);
      store.setState((state) => {
        const isReward = modelsIn(state.draft).some(({ identity }) => identity === model.identity);
        const rest = isReward ? {} : editFields(state, addedReward(state.draft, model));
        // What could not be opened before says nothing any more.
        const problems = state.problems.filter(({ command }) => !command || !OPENS_SCORER.includes(command));
        return { ...rest, problems };
      });
    },
    closeRewardModel(identity) {
      close(identity);
      store.setState((state) => ({
        rewardModels: state.rewardModels.filter((model) => model.identity !== identity),
        ...editFields(
          state,
          removedRewards(state.draft, (entry) => entry.identity === identity),
        ),
      }));
    },
  };
}
