import { isClassifierFolder } from '../../classifiers/files.ts';
import type { FileTree } from '../../io/files/files.ts';
import type { HubAccess } from '../../io/hub/hub-fetch.ts';
import { downloadModel } from '../../io/hub/hub-model.ts';
import { type HubRepo, hubRepo } from '../../io/hub/hub-repo.ts';
import {
  isComplete,
  type ModelState,
  modelBytes,
  OpfsModels,
  repoKey,
  type StoredFile,
} from '../../io/hub/opfs-models.ts';
import { InputError } from '../../math/errors.ts';
import { formatBytes } from '../../math/format.ts';
import type { CommandOf, StoredModel } from '../../protocol/messages.ts';
import { endingWith } from '../ending.ts';
import type { Emit } from '../progress.ts';
import { planDownload } from './download-plan.ts';
import { DownloadReporter } from './download-reporter.ts';

/** Why a download ends when the person says so: no failure. */
const STOPPED = new Error('stopped by the person');

interface Download {
  readonly key: string;
  readonly stop: AbortController;
}

/** The models in the browser's storage: listed, brought from a hub, opened, removed. One download at a time. */
export class ModelsAtHand {
  readonly #emit: Emit;
  /** By hub, for going on; in memory only. */
  readonly #tokens = new Map<string, string>();
  readonly #opened = new Map<string, FileTree>();
  #models?: Promise<OpfsModels>;
  #download?: Download;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Storage is asked for when it is first needed. */
  #storage(): Promise<OpfsModels> {
    this.#models ??= OpfsModels.open();
    return this.#models;
  }

  async list(requestId?: number): Promise<void> {
    const storage = await this.#storage();
    const described: StoredModel[] = [];
    for (const model of await storage.list()) described.push(await storedModel(storage, model));
    this.#emit({
      type: 'models',
      ...(requestId === undefined ? {} : { requestId }),
      models: described,
    });
  }

  /** Begins a download or goes on with one; ends when it is whole or was stopped. @throws InputError */
  async download({ requestId, source, token }: CommandOf<'downloadModel'>): Promise<void> {
    const repo = hubRepo(source);
    const key = repoKey(repo);
    if (this.#download) {
      throw new InputError('A download is under way.', { hint: 'Pause it first; what has arrived is kept.' });
    }
    if (token?.trim()) this.#tokens.set(repo.baseUrl, token.trim());
    const stop = new AbortController();
    this.#download = { key, stop };
    const forget = (): Promise<void> => {
      this.#download = undefined;
      return this.list();
    };
    await endingWith(forget, () => holding(key, () => this.#bring(requestId, repo, stop.signal)));
  }

  async #bring(requestId: number, repo: HubRepo, signal: AbortSignal): Promise<void> {
    const status = new DownloadReporter(this.#emit, requestId, repo);
    const token = this.#tokens.get(repo.baseUrl);
    const access: HubAccess = {
      repo,
      ...(token && { token }),
      signal,
      onWait: (reason, seconds) => status.waiting(reason, seconds),
    };
    try {
      status.progress({ phase: 'listing', file: '', done: 0, total: 0 });
      const planned = await planDownload(access, (note) => status.keep(note));
      const models = await this.#storage();
      await refuseWithoutRoom(planned, (await models.read(repoKey(repo)))?.files ?? []);
      await downloadModel(models, access, planned, status);
      status.end('complete');
    } catch (error) {
      if (error !== STOPPED) throw error;
      status.end('stopped');
    }
  }

  stopDownload(): void {
    this.#download?.stop.abort(STOPPED);
  }

  /** The folder of a model that is here as a whole. @throws InputError */
  async open(key: string): Promise<FileTree> {
    const tree = await (await this.#storage()).tree(key);
    this.#opened.set(key, tree);
    return tree;
  }

  /** @param inUse the folder of the model that is open, whose files must stay */
  async remove({ requestId, key }: CommandOf<'removeModel'>, inUse: FileTree | undefined): Promise<void> {
    if (this.#download?.key === key) {
      throw new InputError('This model is being downloaded.', { hint: 'Pause the download first.' });
    }
    if (inUse && this.#opened.get(key) === inUse) {
      throw new InputError('This model is open.', { hint: 'Open another one, or the demo, then remove it.' });
    }
    const models = await this.#storage();
    const model = await models.read(key);
    if (model) await holding(key, () => models.remove(model.repo));
    await this.list(requestId);
  }
}

async function storedModel(storage: OpfsModels, model: ModelState): Promise<StoredModel> {
  const { repo: source } = model;
  const key = repoKey(source);
  const complete = isComplete(model);
  const isClassifier = complete && (await isClassifierFolder(await storage.tree(key)));
  return { key, source, ...modelBytes(model), complete, isClassifier };
}

/** Two tabs must not work on one model's files. */
async function holding(key: string, work: () => Promise<void>): Promise<void> {
  await navigator.locks.request(`model ${key}`, { ifAvailable: true }, async (lock) => {
    if (lock) return work();
    throw new InputError('Another tab is downloading this model.', { hint: 'Let it finish, or close it.' });
  });
}

/** @throws InputError when what is still to come cannot fit */
async function refuseWithoutRoom(planned: readonly StoredFile[], here: readonly StoredFile[]): Promise<void> {
  const { quota, usage = 0 } = await navigator.storage.estimate();
  if (quota === undefined) return;
  const sum = (files: readonly StoredFile[], of: 'size' | 'done') =>
    files.reduce((bytes, file) => bytes + file[of], 0);
  const missing = sum(planned, 'size') - sum(here, 'done');
  const room = Math.max(0, quota - usage);
  if (missing <= room) return;
  throw new InputError(
    `${formatBytes(missing)} are still to come, and the browser has room for ${formatBytes(room)}.`,
    { hint: 'Remove a model from the list, or free space on this disk.' },
  );
}
