import { InputError } from '../../math/errors.ts';
import { fileIn, ifFound, isOtherKind, presentText } from '../files/found.ts';

/** Bytes on their way into a file that is written from its start. */
export interface FileWriter {
  /** Adds to the end. Throws when the device is full. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Puts everything on the device and lets go of the file; call it after a failure too. */
  close(): void;
}

export interface FileSize {
  /** Below the folder that was asked about. */
  readonly path: string;
  readonly bytes: number;
}

/** A place for files that the program itself keeps. Paths are joined by '/'; folders come into being with their files. */
export interface FileStore {
  /** Names directly below a folder, sorted; none where there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** Every file below a folder, however deep, with its present size; none where there is no such folder. */
  sizes(folder: string): Promise<FileSize[]>;
  /** A file's present content; undefined where there is none. @throws InputError where a folder lies there */
  read(path: string): Promise<Blob | undefined>;
  /** A small file's present text, read while others may write; undefined where there is none. */
  text(path: string): Promise<string | undefined>;
  /** Begins a file anew. */
  create(path: string): Promise<FileWriter>;
  /**
   * Lets a file, which may be new, go on with these bytes from byte `at`; what lay behind goes. False, with nothing
   * written, where the file does not reach that far.
   */
  writeFrom(path: string, at: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
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

/**
 * The browser's private file system below a root, which is asked for each time: a handle from before the storage was
 * cleared leads nowhere. Writing works in a dedicated worker only.
 */
export function opfsStore(rootOf: () => Promise<FileSystemDirectoryHandle>): FileStore {
  const open = async (path: string): Promise<SyncAccessHandle> => {
    const [folder, name] = splitPath(path);
    const directory = await asKind(directoryAt(await rootOf(), folder, true), path);
    const file = (await asKind(directory.getFileHandle(name, { create: true }), path)) as WritableFile;
    return file.createSyncAccessHandle();
  };
  const folderAt = async (folder: string): Promise<FileSystemDirectoryHandle | undefined> => {
    try {
      return await ifFound(directoryAt(await rootOf(), folder, false));
    } catch (error) {
      // A file lies where a folder is looked for: there is no such folder.
      if (isOtherKind(error)) return undefined;
      throw error;
    }
  };
  const read = async (path: string): Promise<Blob | undefined> => {
    const [folder, name] = splitPath(path);
    const directory = await folderAt(folder);
    return directory && asKind(fileIn(directory, name), path);
  };
  return {
    list: async (folder) => {
      const directory = await folderAt(folder);
      const names: string[] = [];
      if (directory) for await (const [name] of directory.entries()) names.push(name);
      return names.sort();
    },
    sizes: async (folder) => {
      const directory = await folderAt(folder);
      return directory ? sizesBelow(directory, '') : [];
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
    writeFrom: async (path, at, bytes) =>
      withHandle(await open(path), (file) => {
        if (file.getSize() < at) return false;
        file.truncate(at);
        writeAll(file, bytes, at);
        return true;
      }),
    truncate: async (path, bytes) => withHandle(await open(path), (file) => file.truncate(bytes)),
    remove: async (path) => {
      const [folder, name] = splitPath(path);
      const directory = await folderAt(folder);
      if (directory) await ifFound(directory.removeEntry(name, { recursive: true }));
    },
  };
}

async function sizesBelow(directory: FileSystemDirectoryHandle, prefix: string): Promise<FileSize[]> {
  const files: FileSize[] = [];
  for await (const [name, handle] of directory.entries()) {
    if (handle.kind === 'directory') {
      files.push(...(await sizesBelow(handle as FileSystemDirectoryHandle, `${prefix}${name}/`)));
    } else {
      // One that has gone meanwhile takes nothing.
      const file = await ifFound((handle as FileSystemFileHandle).getFile());
      if (file) files.push({ path: prefix + name, bytes: file.size });
    }
  }
  return files;
}

/** What is looked for, which must be of the kind that is expected there. */
async function asKind<T>(looking: Promise<T>, path: string): Promise<T> {
  try {
    return await looking;
  } catch (cause) {
    if (!isOtherKind(cause)) throw cause;
    throw new InputError(`${path}: a folder lies where a file is expected, or the other way round.`, {
      cause,
    });
  }
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

function withHandle<T>(handle: SyncAccessHandle, work: (handle: SyncAccessHandle) => T): T {
  try {
    return work(handle);
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
