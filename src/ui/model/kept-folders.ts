/** Folders that models, data and reward models were opened from, kept for the next visit: their handles lie in IndexedDB, their files where they are. */
import { get, update } from 'idb-keyval';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { InputError } from '../../math/errors.ts';
import type { CommandType } from '../../protocol/messages.ts';
import type { Studio } from '../../store/studio.ts';
import { filesOfFolder } from '../data/dropped-files.ts';
import { type OpenPlan, openGiven } from '../data/open-files.ts';
import { mayUse } from './folder-handles.ts';

type Folder = FileSystemDirectoryHandle;
export type FolderKind = 'model' | 'data' | 'reward';

const KEYS: Record<FolderKind, string> = {
  model: 'model-folders',
  data: 'data-folders',
  reward: 'reward-folders',
};
const MOST = 8;
const kept = createStore<Record<FolderKind, readonly Folder[]>>(() => ({
  model: [],
  data: [],
  reward: [],
}));

/** Newest first. */
export function useKeptFolders(kind: FolderKind): readonly Folder[] {
  useEffect(() => {
    void load(kind);
  }, [kind]);
  return useStore(kept, (folders) => folders[kind]);
}

async function load(kind: FolderKind): Promise<void> {
  kept.setState({ [kind]: (await get<Folder[]>(KEYS[kind])) ?? [] });
}

/** Puts a folder at the head of the list. */
export async function keepFolder(kind: FolderKind, folder: Folder): Promise<void> {
  const others = await othersThan(kind, folder);
  await save(kind, [folder, ...others].slice(0, MOST));
}

export async function forgetFolder(kind: FolderKind, folder: Folder): Promise<void> {
  await save(kind, await othersThan(kind, folder));
}

async function othersThan(kind: FolderKind, folder: Folder): Promise<Folder[]> {
  const all = (await get<Folder[]>(KEYS[kind])) ?? [];
  const same = await Promise.all(all.map((other) => other.isSameEntry(folder)));
  return all.filter((_, i) => !same[i]);
}

async function save(kind: FolderKind, folders: Folder[]): Promise<void> {
  await update(KEYS[kind], () => folders);
  kept.setState({ [kind]: folders });
}

const ABOUT: Record<FolderKind, CommandType> = {
  model: 'openModelFolder',
  data: 'openData',
  reward: 'openRewardModelFolder',
};

/** Opens a folder as a model, as data or as a model that scores, and keeps it; the browser may ask the person first. */
export async function openFolder(studio: Studio, kind: FolderKind, folder: Folder): Promise<void> {
  const about = ABOUT[kind];
  if (!(await mayUse(folder, 'read'))) {
    const refused = new InputError(`The browser does not let the page read ${folder.name}.`, {
      hint: 'Open it again and allow it, or drop the folder here.',
    });
    return studio.report(refused, about);
  }
  try {
    if (kind === 'data') return await openAsData(studio, folder);
    await (kind === 'reward'
      ? studio.openRewardModel({ folder })
      : studio.ask('openModelFolder', { folder }));
    await keepFolder(kind, folder);
  } catch (error) {
    // What the worker refuses is shown already; a folder that has gone is met here.
    if (!(error instanceof DOMException)) throw error;
    const hint = 'It may have been moved or deleted: forget it, and choose it where it is now.';
    studio.report(
      new InputError(`${folder.name} cannot be read any more: ${error.message}`, { hint }),
      about,
    );
  }
}

/** A folder that was given as data and holds a model is opened, and kept, as what it is. */
async function openAsData(studio: Studio, folder: Folder): Promise<void> {
  const plan = await openGiven(studio, await filesOfFolder(folder), 'data', folder.name);
  if (plan) await keepPlanned(folder, plan);
}

/** Keeps a folder that was opened as one of the two; one that holds both would be opened again as half of it. */
export async function keepPlanned(folder: Folder, { model, data }: OpenPlan): Promise<void> {
  if (data.length === 0) await keepFolder('model', folder);
  else if (model.length === 0) await keepFolder('data', folder);
}
