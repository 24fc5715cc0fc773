/** A model's download: its files one after the other, from where an earlier try was left, each checked at its end. */
import { InputError } from '../../math/errors.ts';
import { formatBytes } from '../../math/format.ts';
import { ifFound } from '../files/found.ts';
import { isFull } from '../files/room.ts';
import { digestHex } from './hub-digest.ts';
import { downloadFile, PIECE_BYTES } from './hub-download.ts';
import type { HubAccess } from './hub-fetch.ts';
import type { Digest } from './hub-files.ts';
import { repoName } from './hub-repo.ts';
import {
  isSameFile,
  type ModelState,
  modelBytes,
  type OpfsModels,
  repoKey,
  type StoredFile,
  type SyncFile,
} from './opfs-models.ts';

export interface DownloadProgress {
  readonly phase: 'downloading' | 'checking';
  readonly file: string;
  /** Bytes of the whole model; while checking, of the file. */
  readonly done: number;
  readonly total: number;
}

export interface DownloadReport {
  readonly progress: (progress: DownloadProgress) => void;
  /** Something the person should know, such as a server that cannot resume. */
  readonly note: (text: string) => void;
}

export interface DownloadOptions {
  readonly pieceBytes?: number;
}

/**
 * Brings the planned files of a repository into storage. What an earlier download left stays where it is still the same
 * file. @throws InputError, or the reason of the access's signal; what has arrived is kept either way
 */
export async function downloadModel(
  models: OpfsModels,
  access: HubAccess,
  planned: readonly StoredFile[],
  report: DownloadReport,
  { pieceBytes = PIECE_BYTES }: DownloadOptions = {},
): Promise<void> {
  const download = new ModelDownload(models, access, report, pieceBytes);
  await download.begin(planned);
  for (const { as } of planned) await download.bring(as);
}

class ModelDownload {
  readonly #models: OpfsModels;
  readonly #access: HubAccess;
  readonly #report: DownloadReport;
  readonly #pieceBytes: number;
  #state: ModelState;

  constructor(models: OpfsModels, access: HubAccess, report: DownloadReport, pieceBytes: number) {
    this.#models = models;
    this.#access = access;
    this.#report = report;
    this.#pieceBytes = pieceBytes;
    this.#state = { repo: access.repo, files: [] };
  }

  /** Takes over what is there; removes what is no longer wanted. */
  async begin(planned: readonly StoredFile[]): Promise<void> {
    const { repo } = this.#access;
    const before = (await this.#models.read(repoKey(repo)))?.files ?? [];
    const files = planned.map((file) => before.find((old) => isSameFile(old, file)) ?? file);
    for (const old of before) if (!files.includes(old)) await this.#models.removeFile(repo, old.as);
    await this.#save(files);
  }

  async bring(as: string): Promise<void> {
    const file = this.#file(as);
    if (file.checked) return;
    if (await this.#liesHere(file)) return this.#change(as, { done: file.size, checked: true });
    await this.#fetch(file);
    await this.#check(this.#file(as));
  }

  async #fetch(file: StoredFile): Promise<void> {
    const { repo } = this.#access;
    const target = await this.#models.write(repo, file.as).catch((error: unknown) => {
      throw inWords(error, repoName(repo), file);
    });
    try {
      const { done: here, total } = modelBytes(this.#state);
      const onBytes = (done: number) =>
        this.#report.progress({ phase: 'downloading', file: file.as, done: here - file.done + done, total });
      const done = wholePieces(target, file.done, this.#pieceBytes);
      onBytes(done);
      await downloadFile({
        access: { ...this.#access, repo: file.from ?? repo },
        file,
        target,
        done,
        pieceBytes: this.#pieceBytes,
        onBytes,
        onKept: (done) => this.#change(file.as, { done }),
        onWhole: () =>
          this.#report.note(
            `The server sends ${file.as} only as a whole: if it breaks off, it begins again.`,
          ),
      });
    } catch (error) {
      throw inWords(error, repoName(repo), file);
    } finally {
      target.close();
    }
  }

  /** Whether a file is here as a whole though nothing tells so: what told how far the model has come was damaged. */
  async #liesHere(file: StoredFile): Promise<boolean> {
    if (file.done > 0 || !file.digest) return false;
    const blob = await ifFound(this.#models.blob(this.#access.repo, file.as));
    return blob?.size === file.size && (await this.#hexOf(blob, file, file.digest)) === file.digest.hex;
  }

  #hexOf(blob: Blob, { as, size }: StoredFile, { kind }: Digest): Promise<string> {
    return digestHex(blob, kind, (done) => {
      this.#access.signal.throwIfAborted();
      this.#report.progress({ phase: 'checking', file: as, done, total: size });
    });
  }

  async #check(file: StoredFile): Promise<void> {
    if (file.digest) {
      const blob = await this.#models.blob(this.#access.repo, file.as);
      const hex = await this.#hexOf(blob, file, file.digest);
      if (hex !== file.digest.hex) return this.#refuse(file, hex);
    }
    await this.#change(file.as, { done: file.size, checked: true });
  }

  async #refuse(file: StoredFile, found: string): Promise<never> {
    const { repo } = this.#access;
    await this.#models.removeFile(repo, file.as);
    await this.#change(file.as, { done: 0 });
    throw new InputError(
      `${(file.from ?? repo).id}/${file.path}: what arrived hashes to ${found.slice(0, 12)}…, the hub says ${file.digest?.hex.slice(0, 12)}….`,
      { hint: 'The file was removed: go on to fetch it again.' },
    );
  }

  #file(as: string): StoredFile {
    return this.#state.files.find((file) => file.as === as)!;
  }

  #change(as: string, changed: Partial<StoredFile>): Promise<void> {
    return this.#save(this.#state.files.map((file) => (file.as === as ? { ...file, ...changed } : file)));
  }

  async #save(files: readonly StoredFile[]): Promise<void> {
    this.#state = { repo: this.#access.repo, files };
    await this.#models.save(this.#state);
  }
}

/** Where to go on: not beyond what the file really holds, and at the start of a piece. */
function wholePieces(target: SyncFile, done: number, pieceBytes: number): number {
  const held = Math.min(done, target.getSize());
  return held === done ? done : Math.floor(held / pieceBytes) * pieceBytes;
}

function inWords(error: unknown, name: string, { as, size }: StoredFile): unknown {
  if (!isFull(error)) return error;
  return new InputError(`${name}: the browser has no room for ${as} (${formatBytes(size)}).`, {
    hint: 'Remove a model from the list, or free space on this disk; what has arrived is kept.',
    cause: error,
  });
}
