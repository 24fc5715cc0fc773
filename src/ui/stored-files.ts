/** Files of the browser's private file system, from the page's side: for programs that carry runs in and out. */
import type { SourceFile } from '../protocol/messages.ts';

export interface StoredFile {
  /** Path below the folder asked about. */
  readonly name: string;
  readonly size: number;
}

async function directoryAt(path: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create });
  return directory;
}

/** All files below a folder, '' being the whole storage; none where there is no such folder. */
export async function storedFiles(folder: string): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  const walk = async (directory: FileSystemDirectoryHandle, prefix: string): Promise<void> => {
    for await (const [name, handle] of directory.entries()) {
      await ifThere(async () => {
        if (handle.kind === 'directory')
          return walk(handle as FileSystemDirectoryHandle, `${prefix}${name}/`);
        files.push({ name: prefix + name, size: (await (handle as FileSystemFileHandle).getFile()).size });
      });
    }
  };
  const path = folder.split('/').filter((name) => name !== '');
  await ifThere(async () => walk(await directoryAt(path, false), ''));
  return files;
}

/** Bytes [start, end) of a file; undefined when it is not there, or was written to meanwhile. */
export function readStored(path: string, start: number, end: number): Promise<Blob | undefined> {
  return ifThere(async () => {
    const parts = path.split('/');
    const directory = await directoryAt(parts.slice(0, -1), false);
    const file = await (await directory.getFileHandle(parts.at(-1)!)).getFile();
    return new Blob([await file.slice(start, end).arrayBuffer()]);
  });
}

/** Undefined where a file has gone, or has changed since it was opened. */
async function ifThere<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const gone = ['NotFoundError', 'NotReadableError', 'InvalidStateError'];
    if (error instanceof DOMException && gone.includes(error.name)) return undefined;
    throw error;
  }
}

/** Copies files to their paths below a folder. */
export async function keepFiles(folder: string, files: readonly SourceFile[]): Promise<void> {
  for (const { path, file } of files) {
    const parts = [folder, ...path.split('/')];
    const directory = await directoryAt(parts.slice(0, -1), true);
    const handle = await directory.getFileHandle(parts.at(-1)!, { create: true });
    await file.stream().pipeTo(await handle.createWritable());
  }
}
