/** A person's files of rewards, and what of the settings comes from each. Pure. */

import { knownRewards } from '../../protocol/config.ts';
import { REWARD_NAME, REWARD_NAME_WORDS } from '../../protocol/config-rewards.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { choiceIn, type RewardChoice, renamed, sourcesIn, withReward } from '../../store/reward-choice.ts';
import type { Draft } from '../../store/settings.ts';

export type Language = RewardSource['language'];

export interface OwnFile {
  /** Without its ending; a default export without a name is called so. */
  readonly name: string;
  readonly language: Language;
  readonly text: string;
  readonly completions: RewardSource['completions'];
}

/** A file of the settings, with those of its functions that are rewards. */
export interface FileInUse extends OwnFile {
  readonly hash: string;
  readonly rewards: readonly string[];
}

export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  ts: 'TypeScript',
  js: 'JavaScript',
  py: 'Python',
};

export const fileName = ({ name, language }: Pick<OwnFile, 'name' | 'language'>): string =>
  `${name}.${language}`;

const isOfFile = (source: RewardSource, { hash, language, completions }: FileInUse): boolean =>
  source.hash === hash && source.language === language && source.completions === completions;

/** Whether two programs are the same to a run: its text, which of its functions is asked, and what that gets. */
export const isSameProgram = (a: RewardSource, b: RewardSource): boolean =>
  a.hash === b.hash && a.function === b.function && a.completions === b.completions;

/** Programs that are not what they are under the same name in a run. */
export const changedSince = (
  sources: readonly RewardSource[],
  running: readonly RewardSource[],
): RewardSource[] =>
  sources.filter((source) =>
    running.some((other) => other.name === source.name && !isSameProgram(other, source)),
  );

/** Whether the settings have a file as it is, with each of these as a reward. */
export const isInSettings = (
  sources: readonly RewardSource[],
  names: readonly string[],
  { text, completions }: OwnFile,
): boolean =>
  names.every((name) =>
    sources.some((each) => each.name === name && each.source === text && each.completions === completions),
  );

/** Sources by the file that they come from, in the order of the settings. */
export function filesInUse(sources: readonly RewardSource[]): FileInUse[] {
  const files: FileInUse[] = [];
  for (const source of sources) {
    const at = files.findIndex((file) => isOfFile(source, file));
    const before = files[at] ?? { ...fileOf(source), hash: source.hash, rewards: [] };
    // A default export without a name is called as its file.
    const name = source.function === undefined ? source.name : before.name;
    files[at < 0 ? files.length : at] = { ...before, name, rewards: [...before.rewards, source.name] };
  }
  return files;
}

export const fileOf = ({ name, language, source, completions, file }: RewardSource): OwnFile => ({
  ...{ language, completions },
  name: file?.replace(/\.\w+$/, '') ?? name,
  text: source,
});

/** Functions of a file as rewards of their names. */
export async function sourcesOf(file: OwnFile, functions: readonly string[]): Promise<RewardSource[]> {
  const { name: stem, language, text, completions } = file;
  const hash = await sha256(text);
  return functions.map((name) => ({
    ...{ name, language, source: text, completions, hash },
    // A default export without a name has that of its file, under which it is opened again.
    ...(name === stem ? {} : { function: name, file: fileName(file) }),
  }));
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Why a function cannot be a reward under its name; undefined where it can. `taken`: names of all other rewards. */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!REWARD_NAME.test(name))
    return `"${name}" cannot be a reward's name; expected ${REWARD_NAME_WORDS}. Rename the function.`;
  if (taken.includes(name)) return `There is a reward "${name}" already. Rename the function.`;
  return undefined;
}

/** Settings that go together. */
export interface RewardSettings extends RewardChoice {
  readonly rewardSources: readonly RewardSource[];
}

export const rewardSettingsOf = (draft: Draft): RewardSettings => ({
  ...choiceIn(draft),
  rewardSources: sourcesIn(draft),
});

/** Sources in the place of the rewards `before`, all of them chosen; one of another name keeps the weight of the one that it replaces. */
export function withSources(
  { rewardSources, ...choice }: RewardSettings,
  before: readonly string[],
  sources: readonly RewardSource[],
): RewardSettings {
  const names = sources.map(({ name }) => name);
  const place = rewardSources.findIndex(({ name }) => before.includes(name));
  const others = rewardSources.filter(({ name }) => !before.includes(name) && !names.includes(name));
  const next = [...others];
  next.splice(place < 0 ? others.length : place, 0, ...sources);
  return { ...choiceOf(choice, before, names, next), rewardSources: next };
}

function choiceOf(
  choice: RewardChoice,
  before: readonly string[],
  names: readonly string[],
  rewardSources: readonly RewardSource[],
): RewardChoice {
  const order = knownRewards({ rewardSources: [...rewardSources], rewardModels: [] });
  const gone = before.filter((name) => !names.includes(name));
  const [fresh, ...more] = names.filter((name) => !before.includes(name));
  const isRename = gone.length === 1 && fresh !== undefined && more.length === 0;
  let next = isRename ? renamed(choice, gone[0]!, fresh) : choice;
  for (const name of gone) next = withReward(next, name, false, order);
  for (const name of names) next = withReward(next, name, true, order);
  return next;
}

const ENDINGS: Readonly<Record<string, Language>> = { ts: 'ts', mts: 'ts', js: 'js', mjs: 'js', py: 'py' };

/** A file from the disk; undefined where its ending is that of no language. */
export function fileOfDisk(diskName: string, text: string): OwnFile | undefined {
  const [, stem, ending] = /^(.*)\.(\w+)$/.exec(diskName) ?? [];
  const language = ENDINGS[ending?.toLowerCase() ?? ''];
  if (stem === undefined || !language) return undefined;
  const name = stem.replace(/\W/g, '_').replace(/^(?=\d|$)/, '_');
  return { name, language, text, completions: 'messages' };
}
