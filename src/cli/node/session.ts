/** The worker's session in this process, on a device of Dawn's: for adapters that no browser offers. */
import { closeSync, cpSync, mkdirSync, mkdtempSync, openAsBlob, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { mediumName } from '../../data/types.ts';
import { Gpu, limitsToAskFor } from '../../gpu/index.ts';
import { memoryFeatureCache } from '../../io/features/feature-cache.ts';
import { treeFromDisk } from '../../io/files/disk.ts';
import type { FileTree } from '../../io/files/files.ts';
import { reading } from '../../io/files/unreadable.ts';
import { refuseMistaken } from '../../io/json/mistaken.ts';
import { InputError } from '../../math/errors.ts';
import { tf } from '../../media/tf-device.ts';
import { tune } from '../../ops/tuning/tune.ts';
import { isImage } from '../../protocol/clip-types.ts';
import type { Command, Event, ExportedFile, ModelChoice, SourceFile } from '../../protocol/messages.ts';
import type { Decode } from '../../worker/clips/decoded.ts';
import { tuneDevice } from '../../worker/gpu/tuning.ts';
import type { SessionHost } from '../../worker/host.ts';
import { ModelsAtHand } from '../../worker/inputs/models-at-hand.ts';
import { obey } from '../../worker/obey.ts';
import type { Emit } from '../../worker/progress.ts';
import { Session } from '../../worker/session.ts';
import { chosenAdapter, OPTIONAL_FEATURES, openNodeDevice } from '../adapter.ts';
import type {
  ExportedName,
  FolderCommand,
  FolderHow,
  PlainCommand,
  PlainEvent,
  StudioSession,
} from '../headless.ts';
import { projectRoot } from '../setup/paths.mjs';
import { decodeBlob, decodePictures } from './ffmpeg.ts';
import { folderToOpen } from './open-folder.ts';
import { BrowserRewards } from './reward-browser.ts';

const decode: Decode = async (medium, options) => {
  const { path, files } = medium;
  const read: { path: string; blob: Blob }[] = [];
  for (const file of files) {
    const blob = await reading(file.path, () => file.blob());
    await reading(file.path, () => refuseMistaken(blob, file.path));
    read.push({ path: file.path, blob });
  }
  const name = mediumName(medium);
  if (files.every((file) => isImage(file.path))) {
    if (!medium.frames) read.sort((a, b) => (basename(a.path) < basename(b.path) ? -1 : 1));
    return decodePictures(read, name, options);
  }
  return decodeBlob(read[0]!.blob, name, options, path);
};

/** The demo's clips with their annotation; its model lies in the same folder. */
async function demoData(folder: string): Promise<FileTree> {
  const tree = await treeFromDisk(folder);
  const files = tree.files.filter(({ path }) => path === 'data.json' || path.startsWith('clips/'));
  return { ...tree, files };
}

/** Files of the export made last lie here until they are saved. */
const exportFolder = mkdtempSync(join(tmpdir(), 'studio-export-'));

/** Writes an export to disk, file by file, piece by piece. */
const writeExport: SessionHost['writeExport'] = async (files, _target, report) => {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const exported: ExportedFile[] = [];
  let done = 0;
  for (const { path, pieces } of files) {
    const target = join(exportFolder, path);
    mkdirSync(dirname(target), { recursive: true });
    const file = openSync(target, 'w');
    for await (const piece of pieces()) {
      writeSync(file, piece);
      done += piece.byteLength;
      report(Math.min(done, total), total);
    }
    closeSync(file);
    exported.push({ name: path, blob: await openAsBlob(target) });
  }
  return exported;
};

/** A device that is ready to work on. */
async function openGpu(): Promise<Gpu> {
  const { device, info } = await openNodeDevice(chosenAdapter(), OPTIONAL_FEATURES, limitsToAskFor);
  await tf.setBackend('cpu');
  const gpu = new Gpu(device, { info });
  await tuneDevice(gpu, undefined, () => tune(gpu));
  process.stderr.write(`${info.description}\n`);
  return gpu;
}

const rewards = new BrowserRewards();

const HOST: SessionHost = {
  openGpu,
  decode,
  openFeatureCache: async () => memoryFeatureCache(),
  writeExport,
  rewards,
};

/** Drives a session as the headless page is driven. */
export class NodeSession implements StudioSession {
  readonly #session: Session;
  readonly #atHand: ModelsAtHand;
  #requests = 0;
  #events: PlainEvent[] = [];
  #wake: () => void = () => undefined;
  onEvent: (event: PlainEvent) => void = () => undefined;

  readonly #emit: Emit = (event) => {
    if (event.type !== 'preview') this.#take(this.#plain(event));
  };

  private constructor(gpu: Gpu) {
    this.#session = new Session(gpu, this.#emit, HOST);
    this.#atHand = new ModelsAtHand(this.#emit);
  }

  /** Files stay here and are known by name and size, as on the page's side of a headless Chrome. */
  #plain(event: Exclude<Event, { type: 'preview' }>): PlainEvent {
    if (event.type !== 'exported') return event;
    return { ...event, files: event.files.map(({ name, blob }) => ({ name, size: blob.size })) };
  }

  static async open(): Promise<NodeSession> {
    return new NodeSession(await openGpu());
  }

  #take(event: PlainEvent): void {
    this.onEvent(event);
    this.#events.push(event);
    this.#wake();
  }

  async post(command: PlainCommand): Promise<void> {
    await this.#obey(command);
  }

  #obey(command: Command): Promise<void> {
    return obey({ session: this.#session, atHand: this.#atHand, rewards }, command, this.#emit);
  }

  async ask(question: (requestId: number) => PlainCommand): Promise<PlainEvent[]> {
    const command = question(++this.#requests);
    this.#events = [];
    if (command.type === 'openDemo') {
      const demo = join(projectRoot(), 'public', 'demo');
      await this.openFolder('openModel', join(demo, 'model'));
      return this.#openTree('openData', await demoData(demo));
    }
    await this.post(command);
    return this.#events.splice(0);
  }

  async openFolder(
    type: FolderCommand,
    folder: string,
    { adapter, ...how }: FolderHow = {},
  ): Promise<PlainEvent[]> {
    const { files, choice } = await folderToOpen(folder, adapter);
    const opened = files.map(async ({ path, at }) => ({ path, file: (await openAsBlob(at)) as File }));
    return this.#openFiles(type, await Promise.all(opened), { choice, ...how });
  }

  async #openTree(type: FolderCommand, tree: FileTree): Promise<PlainEvent[]> {
    const files = await Promise.all(
      tree.files.map(async ({ path, blob }) => ({
        path: `${tree.name}/${path}`,
        file: (await blob()) as File,
      })),
    );
    return this.#openFiles(type, files);
  }

  async #openFiles(
    type: FolderCommand,
    files: SourceFile[],
    { choice, ...how }: Omit<FolderHow, 'adapter'> & { readonly choice?: ModelChoice | undefined } = {},
  ): Promise<PlainEvent[]> {
    const requestId = ++this.#requests;
    const model = { type: 'openModel' as const, requestId, files, ...(choice ? { choice } : {}) };
    const commands = {
      openModel: model,
      openData: { type: 'openData' as const, requestId, files, ...how },
      openRewardModel: { type: 'openRewardModel' as const, requestId, files },
    };
    await this.#obey(commands[type]);
    return this.#events.splice(0);
  }

  async until(fits: (event: PlainEvent) => boolean): Promise<PlainEvent[]> {
    const seen: PlainEvent[] = [];
    for (;;) {
      const events = this.#events.splice(0);
      seen.push(...events);
      const broken = events.find((event) => event.type === 'error' && event.fatal);
      if (broken?.type === 'error') throw new InputError(broken.message, { hint: broken.hint ?? '' });
      if (events.some(fits)) return seen;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async save(files: readonly ExportedName[], folder: string): Promise<string[]> {
    return files.map(({ name }) => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      cpSync(join(exportFolder, name), path);
      rmSync(join(exportFolder, name));
      return path;
    });
  }

  async close(): Promise<void> {
    this.#session.stop();
    await rewards.close();
    rmSync(exportFolder, { recursive: true });
  }
}
