import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { InputError } from '../math/errors.ts';
import type { Command, Event } from '../protocol/messages.ts';
import { launchChromium, servePage } from './browser.ts';

const PIECE_BYTES = 6 << 20;
const POLL_MS = 50;

/** Exported files as the page names them across the line. */
export interface ExportedName {
  readonly name: string;
  readonly size: number;
}
/** Commands that are plain data; folders go through the page's file input. */
export type PlainCommand = Exclude<Command, { type: 'openData' | 'openModel' }>;
/** Events as they reach Node: files are names and sizes. */
export type PlainEvent = Exclude<Event, { type: 'exported' | 'preview' }> | PlainExported;
export interface PlainExported {
  readonly type: 'exported';
  readonly requestId: number;
  readonly files: readonly ExportedName[];
}

/** The studio's worker in a headless Chrome, driven from Node. */
export class HeadlessSession {
  readonly #page: Page;
  readonly #close: () => Promise<void>;
  #requests = 0;
  /** Called with every event, in order. */
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

  /** Sends a command that nothing answers. */
  async post(command: PlainCommand): Promise<void> {
    await this.#page.evaluate((sent) => window.studio!.post(sent), command);
  }

  /** Sends a question; resolves with all events up to its `done`. Rejects with its error. */
  async ask(question: (requestId: number) => PlainCommand): Promise<PlainEvent[]> {
    const requestId = ++this.#requests;
    await this.post(question(requestId));
    return this.#answer(requestId);
  }

  /** Gives the page a folder from disk, as data or as model. */
  async openFolder(type: 'openData' | 'openModel', folder: string): Promise<PlainEvent[]> {
    const requestId = ++this.#requests;
    await this.#page.setInputFiles('#folder', folder);
    await this.#page.evaluate(([what, id]) => window.studio!.open(what, id), [type, requestId] as const);
    return this.#answer(requestId);
  }

  async #answer(requestId: number): Promise<PlainEvent[]> {
    return this.until(
      (event) => (event.type === 'done' || event.type === 'error') && event.requestId === requestId,
    );
  }

  /** Passes events on until one fits; returns all of them. An error with the number asked for, or a fatal one, rejects. */
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
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Writes exported files below `folder`; returns their paths. */
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

  /** Files of a run that the page keeps, with their present sizes. */
  storedFiles(runId: string): Promise<ExportedName[]> {
    return this.#page.evaluate((id) => window.studio!.stored(id), runId);
  }

  /** Bytes of a stored run's file from `start` to `end`; undefined when it has gone or is being written just now. */
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

  /** Lets the page keep a run that lies in a folder on disk, named by the run's id. */
  async keepRun(folder: string): Promise<void> {
    await this.#page.setInputFiles('#folder', folder);
    await this.#page.evaluate(() => window.studio!.keepRun());
  }

  async close(): Promise<void> {
    await this.#close();
  }
}
