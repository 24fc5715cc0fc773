import { openAsBlob } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FileEntry, FileTree } from './files.ts';

/** A folder on disk as a FileTree, for commands and tests in Node. Hidden files are left out; bytes are read on demand. */
export async function treeFromDisk(folder: string): Promise<FileTree> {
  const files: FileEntry[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(folder.replace(/\/+$/, '').length + 1).replaceAll('\\', '/');
    if (path.split('/').some((part) => part.startsWith('.'))) continue;
    files.push({ path, blob: () => openAsBlob(full) });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { name: basename(folder), files };
}
