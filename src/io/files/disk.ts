import { openAsBlob } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FileEntry, FileTree } from './files.ts';

/** A file below a folder on disk. */
export interface DiskFile {
  /** Path inside the folder, parts joined by '/'. */
  readonly path: string;
  /** Where its bytes lie; links are followed. */
  readonly at: string;
}

/** What lies in a folder on disk. */
export interface DiskFolder {
  readonly name: string;
  readonly files: readonly DiskFile[];
  /** Whether it is a link, a file itself, or any of its files is reached by a link. */
  readonly hasLinks: boolean;
}

/**
 * Every file below a folder that is named as a shell would: with `..`, a slash at its end, or through links. Hidden names are left
 * out. A file in place of a folder (an archive, a list) is one that holds nothing else. Links are followed, to files wherever they lie and to folders, but never to a folder that is being walked, nor to one around it.
 */
export async function listFolder(folder: string): Promise<DiskFolder> {
  const top = resolve(folder);
  if ((await stat(top)).isFile()) {
    const path = basename(top);
    return { name: path, files: [{ path, at: await realpath(top) }], hasLinks: true };
  }
  const found: DiskFile[] = [];
  let hasLinks = (await lstat(top)).isSymbolicLink();
  const walk = async (at: string, prefix: string, walked: readonly string[]): Promise<void> => {
    const real = await realpath(at);
    if (walked.includes(real)) return;
    const around = [...walked, real];
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const full = join(at, entry.name);
      const path = `${prefix}${entry.name}`;
      if (entry.isSymbolicLink()) {
        // A link that leads nowhere is no file.
        const target = await stat(full).catch(() => undefined);
        if (target?.isFile() || target?.isDirectory()) hasLinks = true;
        if (target?.isFile()) found.push({ path, at: await realpath(full) });
        else if (target?.isDirectory() && !isAround(await realpath(full), around)) {
          await walk(full, `${path}/`, around);
        }
      } else if (entry.isDirectory()) await walk(full, `${path}/`, around);
      else if (entry.isFile()) found.push({ path, at: full });
    }
  };
  await walk(top, '', []);
  const files = found.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { name: basename(top) || basename(dirname(top)) || 'files', files, hasLinks };
}

/** Whether a folder holds, or is, one of those that are being walked. */
const isAround = (folder: string, walked: readonly string[]): boolean =>
  walked.some((inner) => inner === folder || inner.startsWith(folder.endsWith('/') ? folder : `${folder}/`));

/** A folder on disk as a FileTree, for commands and tests in Node. Hidden files are left out; bytes are read on demand. */
export async function treeFromDisk(folder: string): Promise<FileTree> {
  const { name, files } = await listFolder(folder);
  const entries = files.map(
    async ({ path, at }): Promise<FileEntry> => ({
      path,
      size: (await stat(at)).size,
      blob: () => openAsBlob(at),
    }),
  );
  return { name, files: await Promise.all(entries) };
}
