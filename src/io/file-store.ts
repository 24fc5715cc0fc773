import { fileIn, ifFound, presentText } from './found.ts';

/** Bytes on their way into a file that is written from its start. */
export interface FileWriter {
  /** Adds to the end. Throws when the device is full. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Puts everything on the device and lets go of the file; call it after a failure too. */
  close(): void;
}

/** A place for files that the program itself keeps. Paths are joined by '/'; folders come into being with their files. */
export interface FileStore {
  /** Names directly below a folder, sorted; none where there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** A file's present content; undefined where there is none. */
  read(path: string): Promise<Blob | undefined>;
  /** A small file's present text, read while others may write; undefined where there is none. */
  text(path: string): Promise<string | undefined>;
  /** Begins a file anew. */
  create(path: string): Promise<FileWriter>;
  /** Adds to the end of a file, which may be new. */
  append(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Cuts a file off after so many bytes. */
  truncate(path: string, bytes: number): Promise<void>;
  /** Removes a file, or a folder with all below it; what is not there is no error. */
  remove(path: string): Promise<void>;
}

/** A file opened for writing in place; the DOM types leave it out because windows do not have it. */
interface SyncAccessHandle {
  getSize(): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(bytes: number): void;
  flush(): void;
  close(): void;
}
type WritableFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> };

/** The browser's private file system below `root`. Writing works in a dedicated worker only. */
export function opfsStore(root: FileSystemDirectoryHandle): FileStore {
  const open = async (path: string): Promise<SyncAccessHandle> => {
    const [folder, name] = splitPath(path);
    const directory = await directoryAt(root, folder, true);
    const file = (await directory.getFileHandle(name, { create: true })) as WritableFile;
    return file.createSyncAccessHandle();
  };
  const read = async (path: string): Promise<Blob | undefined> => {
    const [folder, name] = splitPath(path);
    const directory = await ifFound(directoryAt(root, folder, false));
    return directory && fileIn(directory, name);
  };
  return {
    list: async (folder) => {
      const directory = await ifFound(directoryAt(root, folder, false));
      const names: string[] = [];
      if (directory) for await (const [name] of directory.entries()) names.push(name);
      return names.sort();
    },
    read,
    text: (path) => presentText(() => read(path)),
    create: async (path) => {
      const handle = await open(path);
      handle.truncate(0);
      return {
        write: (bytes) => writeAll(handle, bytes, handle.getSize()),
        close: () => closeFlushed(handle),
      };
    },
    append: async (path, bytes) =>
      withHandle(await open(path), (file) => writeAll(file, bytes, file.getSize())),
    truncate: async (path, bytes) => withHandle(await open(path), (file) => file.truncate(bytes)),
    remove: async (path) => {
      const [folder, name] = splitPath(path);
      const directory = await ifFound(directoryAt(root, folder, false));
      if (directory) await ifFound(directory.removeEntry(name, { recursive: true }));
    },
  };
}

function splitPath(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

async function directoryAt(
  root: FileSystemDirectoryHandle,
  folder: string,
  create: boolean,
): Promise<FileSystemDirectoryHandle> {
  let directory = root;
  for (const name of folder.split('/').filter(Boolean)) {
    directory = await directory.getDirectoryHandle(name, { create });
  }
  return directory;
}

function writeAll(handle: SyncAccessHandle, bytes: Uint8Array<ArrayBuffer>, at: number): void {
  const written = handle.write(bytes, { at });
  if (written === bytes.byteLength) return;
  throw new DOMException(`${written} of ${bytes.byteLength} bytes were written.`, 'QuotaExceededError');
}

function withHandle(handle: SyncAccessHandle, work: (handle: SyncAccessHandle) => void): void {
  try {
    work(handle);
  } finally {
    closeFlushed(handle);
  }
}

function closeFlushed(handle: SyncAccessHandle): void {
  try {
    handle.flush();
  } finally {
    handle.close();
  }
}
