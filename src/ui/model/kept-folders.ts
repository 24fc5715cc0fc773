/** Folders that models were opened from, kept for the next visit: their handles lie in IndexedDB, their files where they are. */
import { get, update } from 'idb-keyval';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { InputError } from '../../math/errors.ts';
import type { Studio } from '../../store/studio.ts';
import { mayUse } from './folder-handles.ts';

type Folder = FileSystemDirectoryHandle;

const KEY = 'model-folders';
const MOST = 8;
const kept = createStore<{ folders: readonly Folder[] }>(() => ({ folders: [] }));

/** Newest first. */
export function useKeptFolders(): readonly Folder[] {
  useEffect(() => {
    void load();
  }, []);
  return useStore(kept, ({ folders }) => folders);
}

async function load(): Promise<void> {
  kept.setState({ folders: (await get<Folder[]>(KEY)) ?? [] });
}

/** Puts a folder at the head of the list. */
export async function keepFolder(folder: Folder): Promise<void> {
  const others = await othersThan(folder);
  await save([folder, ...others].slice(0, MOST));
}

export async function forgetFolder(folder: Folder): Promise<void> {
  await save(await othersThan(folder));
}

async function othersThan(folder: Folder): Promise<Folder[]> {
  const all = (await get<Folder[]>(KEY)) ?? [];
  const same = await Promise.all(all.map((other) => other.isSameEntry(folder)));
  return all.filter((_, i) => !same[i]);
}

async function save(folders: Folder[]): Promise<void> {
  await update(KEY, () => folders);
  kept.setState({ folders });
}

/** Opens a model's folder and keeps it; the browser may ask the person first. */
export async function openFolder(studio: Studio, folder: Folder): Promise<void> {
  if (await mayUse(folder, 'read')) {
    await studio.openModelFolder(folder);
    await keepFolder(folder);
    return;
  }
  studio.report(
    new InputError(`The browser does not let the page read ${folder.name}.`, {
      hint: 'Open it again and allow it, or drop the folder here.',
    }),
  );
}
