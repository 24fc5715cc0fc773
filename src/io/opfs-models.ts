/**
 * Downloaded models in the browser's own storage (OPFS): a folder each below `models/`, named after where it comes from;
 * in it the files, in a folder with the repository's name, and `state.json`, which tells what is there so far.
 */
import { InputError } from '../math/errors.ts';
import { baseName, type FileTree, treeFromDirectory } from './files.ts';
import { fileIn, ifFound, presentText } from './found.ts';
import type { FileTarget } from './hub-download.ts';
import type { Digest, HubFile } from './hub-files.ts';
import { type HubRepo, repoName } from './hub-repo.ts';
import { parseJsonObject } from './json.ts';

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
    const text = await presentText(() => fileIn(folder, STATE));
    return { repo, files: text ? readState(text, repo.id) : [] };
  }

  /** Writes a model's state as a whole: a tab that is killed leaves the state before or the one after. */
  async save(model: ModelState): Promise<void> {
    const folder = await this.#folder(model.repo, true);
    const handle = await folder.getFileHandle(STATE, { create: true });
    const stream = await handle.createWritable();
    await stream.write(JSON.stringify({ files: model.files }));
    await stream.close();
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

/** A state that is damaged counts as none: the download begins again. */
function readState(text: string, label: string): StoredFile[] {
  try {
    const { files } = parseJsonObject(text, label);
    return Array.isArray(files) && files.every(isStoredFile) ? files : [];
  } catch (error) {
    if (error instanceof InputError) return [];
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
