import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { InputError } from '../math/errors.ts';
import type { Command, Event, ExportParts } from '../protocol/messages.ts';
import type { AskAnswers, ColumnChoice } from '../protocol/reading.ts';
import { launchChromium, servePage } from './browser.ts';
import { folderToOpen } from './node/open-folder.ts';

const PIECE_BYTES = 6 << 20;
/** Events of so long are brought over together. */
const GATHER_MS = 50;

/** Exported files as the page names them across the line. */
export interface ExportedName {
  readonly name: string;
  readonly size: number;
}
/** Commands that open a folder on disk. */
export type FolderCommand = 'openData' | 'openModel' | 'openRewardModel';
/** Commands that are plain data; folders go through the page's file input, exports through the browser's storage. */
export type PlainCommand =
  | Exclude<
      Command,
      { type: FolderCommand | 'openModelFolder' | 'openRewardModelFolder' | 'export' | 'importRun' }
    >
  | { type: 'export'; requestId: number; parts: ExportParts; place: { kind: 'files' } };
/** Events as they reach Node: files are names and sizes. */
export type PlainEvent = Exclude<Event, { type: 'exported' | 'preview' }> | PlainExported;
export interface PlainExported {
  readonly type: 'exported';
  readonly requestId: number;
  readonly files: readonly ExportedName[];
}

/** Where a session keeps its runs, as a command may copy them out and in. */
export interface RunStorage {
  /** Files of a run, with their present sizes. */
  storedFiles(runId: string): Promise<ExportedName[]>;
  /** Bytes of a stored run's file from `start` to `end`; undefined when it has gone or is being written just now. */
  readStored(runId: string, name: string, start: number, end: number): Promise<Buffer | undefined>;
  /** Keeps a run that lies in a folder on disk, named by the run's id. */
  keepRun(folder: string): Promise<void>;
}

/** What is wanted of a folder. */
export interface FolderHow {
  /** Of a model: a folder with an adapter of it, inside or elsewhere. */
  readonly adapter?: string | undefined;
  /** Of data: what a person chose of how it is read. */
  readonly columns?: ColumnChoice;
  readonly answers?: AskAnswers;
}

/** A session of the studio that a command drives. */
export interface StudioSession {
  /** Called with every event, in order. */
  onEvent: (event: PlainEvent) => void;
  /** Sends a command that nothing answers. */
  post(command: PlainCommand): Promise<void>;
  /** Sends a question; resolves with all events up to its `done`. Rejects with its error. */
  ask(question: (requestId: number) => PlainCommand): Promise<PlainEvent[]>;
  /** Opens a folder on disk, as data, as model or as one that scores answers. */
  openFolder(type: FolderCommand, folder: string, how?: FolderHow): Promise<PlainEvent[]>;
  /** Passes events on until one fits; returns all of them. An error with the number asked for, or a fatal one, rejects. */
  until(fits: (event: PlainEvent) => boolean): Promise<PlainEvent[]>;
  /** Writes exported files below `folder`; returns their paths. */
  save(files: readonly ExportedName[], folder: string): Promise<string[]>;
  /** Absent where nothing is kept. */
  readonly storage?: RunStorage;
  close(): Promise<void>;
}

/** The studio's worker in a headless Chrome, driven from Node. */
export class HeadlessSession implements StudioSession, RunStorage {
  readonly #page: Page;
  readonly #close: () => Promise<void>;
  #requests = 0;
  onEvent: (event: PlainEvent) => void = () => undefined;

  private constructor(page: Page, close: () => Promise<void>) {
    this.#page = page;
    this.#close = close;
  }

  static async open(): Promise<HeadlessSession> {
    const server = await servePage();
    const chromium = await launchChromium();
    return HeadlessSession.openIn(chromium.context, server.url, async () => {
      await chromium.close();
      await server.close();
    });
  }

  /** In a browser that runs already; `close` closes the page, and what else it is told to. */
  static async openIn(
    context: BrowserContext,
    url: string,
    closeRest: () => Promise<void> = async () => undefined,
  ): Promise<HeadlessSession> {
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`));
    await page.goto(`${url}?headless`);
    await page.waitForFunction(() => window.studio !== undefined);
    return new HeadlessSession(page, async () => {
      await page.close();
      await closeRest();
    });
  }

  async post(command: PlainCommand): Promise<void> {
    await this.#page.evaluate((sent) => window.studio!.post(sent), command);
  }

  async ask(question: (requestId: number) => PlainCommand): Promise<PlainEvent[]> {
    const requestId = ++this.#requests;
    await this.post(question(requestId));
    return this.#answer(requestId);
  }

  async openFolder(
    type: FolderCommand,
    folder: string,
    { adapter, ...how }: FolderHow = {},
  ): Promise<PlainEvent[]> {
    const requestId = ++this.#requests;
    const { files, isPlain, choice } = await folderToOpen(folder, adapter);
    // Chrome lists no links in a folder: then its files are given one by one, with the paths they have there.
    if (isPlain) await this.#page.setInputFiles('#folder', folder);
    else
      await this.#page.setInputFiles(
        '#files',
        files.map(({ at }) => at),
      );
    const paths = isPlain ? undefined : files.map(({ path }) => path);
    await this.#page.evaluate(([what, id, asked]) => window.studio!.open(what, id, asked), [
      type,
      requestId,
      { paths, choice, how },
    ] as const);
    return this.#answer(requestId);
  }

  async #answer(requestId: number): Promise<PlainEvent[]> {
    return this.until(
      (event) => (event.type === 'done' || event.type === 'error') && event.requestId === requestId,
    );
  }

  async until(fits: (event: PlainEvent) => boolean): Promise<PlainEvent[]> {
    const seen: PlainEvent[] = [];
    for (;;) {
      const events = (await this.#page.evaluate(() => window.studio!.take())) as PlainEvent[];
      let ended = false;
      for (const event of events) {
        this.onEvent(event);
        seen.push(event);
        if (event.type === 'error' && (event.fatal || fits(event))) {
          throw new InputError(event.message, event.hint === undefined ? {} : { hint: event.hint });
        }
        ended ||= fits(event);
      }
      if (ended) return seen;
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    }
  }

  async save(files: readonly ExportedName[], folder: string): Promise<string[]> {
    const paths: string[] = [];
    for (const { name, size } of files) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      const file = openSync(path, 'w');
      for (let start = 0; start < size; start += PIECE_BYTES) {
        const end = Math.min(size, start + PIECE_BYTES);
        const piece = await this.#page.evaluate(([of, from, to]) => window.studio!.piece(of, from, to), [
          name,
          start,
          end,
        ] as const);
        writeSync(file, Buffer.from(piece, 'base64'));
      }
      closeSync(file);
      paths.push(path);
    }
    return paths;
  }

  get storage(): RunStorage {
    return this;
  }

  storedFiles(runId: string): Promise<ExportedName[]> {
    return this.#page.evaluate((id) => window.studio!.stored(id), runId);
  }

  async readStored(runId: string, name: string, start: number, end: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let at = start; at < end; at += PIECE_BYTES) {
      const piece = await this.#page.evaluate(
        ([id, path, from, to]) => window.studio!.storedPiece(id, path, from, to),
        [runId, name, at, Math.min(end, at + PIECE_BYTES)] as const,
      );
      if (piece === undefined) return undefined;
      pieces.push(Buffer.from(piece, 'base64'));
    }
    return Buffer.concat(pieces);
  }

  async keepRun(folder: string): Promise<void> {
    await this.#page.setInputFiles('#folder', folder);
    await this.#page.evaluate(() => window.studio!.keepRun());
  }

  async close(): Promise<void> {
    await this.#close();
  }
}
