/**
 * Downloaded models in the browser's own storage (OPFS): a folder each below `models/`, named after where it comes from;
 * in it the files, in a folder with the repository's name, and `state.json`, which tells what is there so far.
 */
import { InputError } from '../../math/errors.ts';
import { baseName, type FileTree, treeFromDirectory } from '../files/files.ts';
import { fileIn, ifFound, isOtherKind, presentText } from '../files/found.ts';
import { isFull } from '../files/room.ts';
import { copyPath, parseRecord, recordText } from '../sealed/record.ts';
import type { FileTarget } from './hub-download.ts';
import type { Digest, HubFile } from './hub-files.ts';
import { type HubRepo, repoName } from './hub-repo.ts';

/** A file of a stored model: where it comes from, and how much of it is here. */
export interface StoredFile extends HubFile {
  /** Path inside the model's folder. */
  readonly as: string;
  /** The repository it comes from, where that is not the model's own. */
  readonly from?: HubRepo;
  /** Bytes that are here for certain. */
  readonly done: number;
  /** All bytes are here and hash to what the hub says. */
  readonly checked: boolean;
}

export interface ModelState {
  readonly repo: HubRepo;
  readonly files: readonly StoredFile[];
}

/** The part of a FileSystemSyncAccessHandle that is used; the DOM types know it in workers only. */
export interface SyncFile extends FileTarget {
  getSize(): number;
  close(): void;
}
type SyncHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncFile> };

const STATE = 'state.json';

/** Names a repository's folder; `keyRepo` reads it back. */
export function repoKey({ baseUrl, id, revision }: HubRepo): string {
  return [baseUrl, id, revision].map(encodeURIComponent).join(' ');
}

function keyRepo(key: string): HubRepo | undefined {
  const [baseUrl, id, revision] = key.split(' ').map(decodeURIComponent);
  return baseUrl && id && revision ? { baseUrl, id, revision } : undefined;
}

export function isComplete({ files }: ModelState): boolean {
  return files.length > 0 && files.every(({ checked }) => checked);
}

/** Bytes that are here, and in all. */
export function modelBytes({ files }: ModelState): { done: number; total: number } {
  const sum = (of: (file: StoredFile) => number) => files.reduce((bytes, file) => bytes + of(file), 0);
  return { done: sum(({ done }) => done), total: sum(({ size }) => size) };
}

export class OpfsModels {
  readonly #root: FileSystemDirectoryHandle;

  /** @param root the folder that holds a folder for each model */
  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  static async open(): Promise<OpfsModels> {
    const storage = await navigator.storage.getDirectory();
    return new OpfsModels(await storage.getDirectoryHandle('models', { create: true }));
  }

  /** All models, whole or in part, by name. */
  async list(): Promise<ModelState[]> {
    const models: ModelState[] = [];
    for await (const [key, { kind }] of this.#root.entries()) {
      const model = kind === 'directory' ? await this.read(key) : undefined;
      if (model) models.push(model);
    }
    return models.sort((a, b) => (a.repo.id < b.repo.id ? -1 : 1));
  }

  /** What is here of a model; undefined for nothing. Where its state cannot be read, no file of it counts. */
  async read(key: string): Promise<ModelState | undefined> {
    const repo = keyRepo(key);
    const folder = repo && (await ifFound(this.#root.getDirectoryHandle(key)));
    if (!folder) return undefined;
    for (const name of [STATE, copyPath(STATE)]) {
      const files = await readState(folder, name);
      if (files) return { repo, files };
    }
    return { repo, files: [] };
  }

  /**
   * Writes a model's state, twice, each time as a whole: a tab that is killed leaves the state before or the one after.
   * @throws InputError when there is no room
   */
  async save({ repo, files }: ModelState): Promise<void> {
    try {
      const folder = await this.#folder(repo, true);
      const text = await recordText({ files });
      for (const name of [STATE, copyPath(STATE)]) await replaceFile(folder, name, text);
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      throw new InputError(`The browser has no room left to note how far ${repo.id} has come.`, {
        hint: 'Remove a model from the list, or free space on this disk, then go on: what has arrived is kept.',
        cause,
      });
    }
  }

  /** Opens a file of a model for writing, made when it is not there. Nobody else can open it meanwhile. */
  async write(repo: HubRepo, path: string): Promise<SyncFile> {
    const handle = await this.#file(repo, path, true);
    return (handle as SyncHandle).createSyncAccessHandle();
  }

  async blob(repo: HubRepo, path: string): Promise<Blob> {
    return (await this.#file(repo, path, false)).getFile();
  }

  async removeFile(repo: HubRepo, path: string): Promise<void> {
    const folder = await ifFound(this.#parent(repo, path, false));
    if (folder) await ifFound(folder.removeEntry(baseName(path)));
  }

  async remove(repo: HubRepo): Promise<void> {
    await ifFound(this.#root.removeEntry(repoKey(repo), { recursive: true }));
  }

  /** A whole model as the folder it would be on disk. @throws InputError when it is not here, or only in part */
  async tree(key: string): Promise<FileTree> {
    const model = await this.read(key);
    if (model && isComplete(model)) {
      const folder = await this.#folder(model.repo, false);
      return treeFromDirectory(await folder.getDirectoryHandle(repoName(model.repo)));
    }
    throw new InputError(`${model?.repo.id ?? 'The model'} is not in this browser's storage as a whole.`, {
      hint: 'Go on with its download, then open it.',
    });
  }

  #folder(repo: HubRepo, create: boolean): Promise<FileSystemDirectoryHandle> {
    return this.#root.getDirectoryHandle(repoKey(repo), { create });
  }

  /** The folder that a file of the model lies in. */
  async #parent(repo: HubRepo, path: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    let folder = await this.#folder(repo, create);
    for (const name of [repoName(repo), ...path.split('/').slice(0, -1)])
      folder = await folder.getDirectoryHandle(name, { create });
    return folder;
  }

  async #file(repo: HubRepo, path: string, create: boolean): Promise<FileSystemFileHandle> {
    return (await this.#parent(repo, path, create)).getFileHandle(baseName(path), { create });
  }
}

async function replaceFile(folder: FileSystemDirectoryHandle, name: string, text: string): Promise<void> {
  const handle = await folder.getFileHandle(name, { create: true });
  const stream = await handle.createWritable();
  await stream.write(text);
  await stream.close();
}

/** Undefined for a copy that is missing or damaged. Without any, the files that are here are compared with their hashes anew. */
async function readState(folder: FileSystemDirectoryHandle, name: string): Promise<StoredFile[] | undefined> {
  try {
    const text = await presentText(() => fileIn(folder, name));
    if (text === undefined) return undefined;
    const { files } = (await parseRecord(text, name)).value;
    return Array.isArray(files) && files.every(isStoredFile) ? files : undefined;
  } catch (error) {
    if (error instanceof InputError || isOtherKind(error)) return undefined;
    throw error;
  }
}

function isStoredFile(value: unknown): value is StoredFile {
  const file = value as Partial<StoredFile> | null;
  return (
    typeof file?.path === 'string' &&
    typeof file.as === 'string' &&
    Number.isSafeInteger(file.size) &&
    Number.isSafeInteger(file.done) &&
    typeof file.checked === 'boolean'
  );
}

/** Whether two descriptions are of the same content at the same place. */
export function isSameFile(a: StoredFile, b: StoredFile): boolean {
  const place = ({ path, as, from, size }: StoredFile) =>
    [path, as, from ? repoKey(from) : '', size].join('\n');
  const content = (digest: Digest | undefined) => (digest ? `${digest.kind} ${digest.hex}` : '');
  return place(a) === place(b) && content(a.digest) === content(b.digest);
}
