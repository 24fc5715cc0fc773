/** The file that is in the editor: it outlives the screen, and a reload of the page. */

import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { rewardSource } from '../../protocol/config-rewards.ts';
import { z } from '../../protocol/shapes.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { type FileInUse, fileOf, type OwnFile } from './own-files.ts';
import type { Version } from './versions.ts';

export interface OpenFile {
  readonly file: OwnFile;
  /** As it was opened, or accepted last. */
  readonly accepted: OwnFile;
  /** Rewards that come from it already. */
  readonly rewards: readonly string[];
  /** Functions that are to be rewards; empty: whichever there are. It counts until it is known which there are. */
  readonly only: readonly string[];
  /** Functions that are to be no rewards, once it is known which there are. */
  readonly off?: readonly string[] | undefined;
}

const kept = z.object({
  name: z.string(),
  language: rewardSource.shape.language,
  text: z.string(),
  completions: rewardSource.shape.completions,
});
const names = z.array(z.string());
const keptFile: z.ZodType<OpenFile> = z.object({
  ...{ file: kept, accepted: kept, rewards: names, only: names },
  off: names.optional(),
});

const KEY = 'studio.open-reward';
const store = createStore<{ readonly open?: OpenFile | undefined }>(() => ({ open: restored() }));
store.subscribe(({ open }) => {
  try {
    if (open) sessionStorage.setItem(KEY, JSON.stringify(open));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing: a reload loses what was not accepted.
  }
});

/** What another build of the page left there, or what cannot be read, is no open file. */
function restored(): OpenFile | undefined {
  try {
    return keptFile.safeParse(JSON.parse(sessionStorage.getItem(KEY) ?? 'null')).data;
  } catch {
    return undefined;
  }
}

/** Where the focus goes next: what had it goes away when a file is opened, or closed. */
let focusGoes: 'program' | 'list' | undefined;

/** Whether the focus is to come here; asked once. */
export function takesFocus(place: typeof focusGoes): boolean {
  const isHere = focusGoes === place;
  if (isHere) focusGoes = undefined;
  return isHere;
}

export const useOpenFile = (): OpenFile | undefined => useStore(store, ({ open }) => open);

/** With `only`, no other function of the file is to be a reward. */
export const openNew = (file: OwnFile, only: readonly string[] = []): void => open(file, [], only);

export const openInUse = ({ hash: _, rewards, ...file }: FileInUse): void => open(file, rewards, rewards);

function open(file: OwnFile, rewards: readonly string[], only: readonly string[]): void {
  focusGoes = 'program';
  store.setState({ open: { file, accepted: file, rewards, only } });
}

export function closeFile(): void {
  focusGoes = 'list';
  store.setState({ open: undefined });
}

export const isChanged = ({ file, accepted }: OpenFile): boolean =>
  file.text !== accepted.text || file.completions !== accepted.completions;

function change(of: (open: OpenFile) => Partial<OpenFile>): void {
  store.setState(({ open }) => ({ open: open && { ...open, ...of(open) } }));
}

export const editFile = (to: Partial<Pick<OwnFile, 'text' | 'completions'>>): void =>
  change(({ file }) => ({ file: { ...file, ...to } }));

/** An older text, to be accepted again or not. */
export function takeVersion(version: Version): void {
  const { text, completions } = fileOf(version);
  editFile({ text, completions });
}

/** It is known now which functions there are. */
export const settleFunctions = (functions: readonly string[]): void =>
  change(({ off, only }) => {
    if (off) return {};
    const meant = functions.filter((name) => only.includes(name));
    return { off: meant.length === 0 ? [] : functions.filter((name) => !meant.includes(name)) };
  });

export const chooseFunction = (name: string, isReward: boolean): void =>
  change(({ off = [] }) => ({ off: [...off.filter((each) => each !== name), ...(isReward ? [] : [name])] }));

/** Functions of the file, as it was then, are rewards of the settings now. */
export const acceptedAs = (sources: readonly RewardSource[]): void =>
  change(({ file }) => {
    const [first] = sources;
    const taken = first ? { text: first.source, completions: first.completions } : {};
    return { accepted: { ...file, ...taken }, rewards: sources.map(({ name }) => name) };
  });
