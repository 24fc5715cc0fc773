import { basename, relative, resolve, sep } from 'node:path';
import { type DiskFile, listFolder } from '../../io/files/disk.ts';
import { InputError } from '../../math/errors.ts';
import type { ModelChoice } from '../../protocol/messages.ts';

/** A folder on disk as a session takes it. */
export interface FolderToOpen {
  /** Paths begin with the folder's own name. */
  readonly files: readonly DiskFile[];
  /** Whether a browser can be given the folder itself: it lists no links, and nothing from elsewhere is added. */
  readonly isPlain: boolean;
  readonly choice?: ModelChoice;
}

/** `adapter`: a folder with an adapter, inside the model's or elsewhere; then it is shown as if it lay inside. @throws InputError */
export async function folderToOpen(folder: string, adapter?: string): Promise<FolderToOpen> {
  const { name, files, hasLinks } = await listFolder(folder);
  const own = files.map(({ path, at }) => ({ path: `${name}/${path}`, at }));
  if (own.length === 0) {
    throw new InputError(`${resolve(folder)}: there is no file in it.`, { hint: 'Check the path.' });
  }
  if (adapter === undefined) return { files: own, isPlain: !hasLinks };
  const inside = relative(resolve(folder), resolve(adapter)).split(sep).join('/');
  if (!inside.startsWith('..') && !/^([a-z]:|\/)/i.test(inside)) {
    return { files: own, isPlain: !hasLinks, choice: { adapter: inside } };
  }
  const as = unused(basename(resolve(adapter)), own, name);
  const added = (await listFolder(adapter)).files.filter(({ path }) => !path.includes('/'));
  return {
    files: [...own, ...added.map(({ path, at }) => ({ path: `${name}/${as}/${path}`, at }))],
    isPlain: false,
    choice: { adapter: as },
  };
}

/** A name for a folder that is not there yet. */
function unused(wanted: string, files: readonly DiskFile[], top: string): string {
  let name = wanted;
  while (files.some(({ path }) => path.startsWith(`${top}/${name}/`))) name = `${name}-adapter`;
  return name;
}
