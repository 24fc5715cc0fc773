/**
 * A person's rewards beside a session that runs in Node: in a headless Chromium, in the same frames as on the page. Node itself
 * has nothing that holds a stranger's code (why: D-173).
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { InputError } from '../../math/errors.ts';
import type {
  RewardBatch,
  RewardFunction,
  RewardReturn,
  RewardRunner,
  RewardSource,
} from '../../rewards/contract.ts';
import type { Told } from '../../sandbox/command-page.ts';
import { type Chromium, launchChromium } from '../browser.ts';
import { HEADERS, META_POLICY, policyOf } from '../page-policy.ts';
import { bundledText } from '../sandbox-bundle.ts';
import { projectRoot } from '../setup/paths.mjs';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
  zip: 'application/zip',
};

const PAGE = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${META_POLICY}"><script type="module" src="page.js"></script>`;

export interface RewardPageServer {
  /** Ends in a slash. */
  readonly url: string;
  close(): void;
}

/** Serves the page of src/sandbox/command-page.ts; `sendsHeaders`: false for a server that knows nothing of policies. */
export async function serveRewardPage({ sendsHeaders = true } = {}): Promise<RewardPageServer> {
  const script = await bundledText(join(projectRoot(), 'src', 'sandbox', 'command-page.ts'));
  const python = createRequire(join(projectRoot(), 'package.json'));
  const read = (path: string): Buffer | string | undefined => {
    if (path === '/') return PAGE;
    if (path === '/page.js') return script;
    if (path === '/sandbox.html') return readFileSync(join(projectRoot(), 'public', 'sandbox.html'));
    const file = /^\/python\/(pyodide\.asm\.(?:mjs|wasm)|python_stdlib\.zip)$/.exec(path)?.[1];
    return file && readFileSync(python.resolve(`pyodide/${file}`));
  };
  const server = createServer(({ url: path = '/' }, response) => {
    const body = read(path);
    const type = TYPES[/\.(\w+)$/.exec(path)?.[1] ?? 'html'] ?? 'text/plain';
    const headers = sendsHeaders ? { ...HEADERS, 'Content-Security-Policy': policyOf(path) } : {};
    response.writeHead(body === undefined ? 404 : 200, { ...headers, 'Content-Type': type });
    response.end(body);
  });
  const { port } = await listening(server);
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

function listening(server: Server): Promise<AddressInfo> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
}

/** Rewards of a page that a program drives. */
export class RewardPage {
  readonly #page: Page;
  #opened = 0;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async open(page: Page, url: string): Promise<RewardPage> {
    await page.goto(url);
    await page.waitForFunction(() => window.rewards !== undefined);
    return new RewardPage(page);
  }

  async openSource(source: Omit<RewardSource, 'hash'>) {
    const id = ++this.#opened;
    const { functions, tests, chosen } = untold(
      await this.#page.evaluate(([number, file]) => window.rewards!.open(number, file), [
        id,
        source,
      ] as const),
    );
    return { id, functions, tests, chosen };
  }

  async ready(id: number): Promise<void> {
    untold(await this.#page.evaluate((number) => window.rewards!.ready(number), id));
  }

  /** The worker is ended where `stop` is aborted before it has answered. */
  async score(id: number, name: string, batch: RewardBatch, stop: AbortSignal): Promise<RewardReturn> {
    const end = () =>
      void this.#page.evaluate((number) => window.rewards?.stop(number), id).catch(() => undefined);
    stop.addEventListener('abort', end, { once: true });
    try {
      const told = await this.#page.evaluate(
        ([number, called, given]) => window.rewards!.score(number, called, given),
        [id, name, batch] as const,
      );
      return untold(told as Told<RewardReturn>);
    } finally {
      stop.removeEventListener('abort', end);
    }
  }

  async check(id: number) {
    return untold(await this.#page.evaluate((number) => window.rewards!.check(number), id));
  }

  async close(id: number): Promise<void> {
    await this.#page.evaluate((number) => window.rewards!.close(number), id);
  }
}

/** An error as the page told it. */
class ToldError extends InputError {
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly completion: number | undefined;

  constructor({
    message,
    hint,
    details,
    line,
    column,
    completion,
  }: Extract<Told<never>, { error: object }>['error']) {
    super(message, { ...(hint ? { hint } : {}), ...(details ? { details } : {}) });
    this.line = line;
    this.column = column;
    this.completion = completion;
  }
}

function untold<T>(told: Told<T>): T {
  if ('error' in told) throw new ToldError(told.error);
  return told.value;
}

interface Browser {
  readonly rewards: RewardPage;
  close(): Promise<void>;
}

async function openBrowser(): Promise<Browser> {
  const server = await serveRewardPage();
  let chromium: Chromium | undefined;
  try {
    // It draws and computes nothing, so any adapter will do.
    chromium = await launchChromium({ adapter: 'swiftshader' });
    const rewards = await RewardPage.open(await chromium.context.newPage(), server.url);
    return {
      rewards,
      async close() {
        await chromium?.close();
        server.close();
      },
    };
  } catch (error) {
    await chromium?.close();
    server.close();
    throw error;
  }
}

/** Opens a session's sources in a browser of their own, which starts with the first of them. */
export class BrowserRewards implements RewardRunner {
  #browser: Promise<Browser> | undefined;

  async open(source: RewardSource): Promise<RewardFunction> {
    this.#browser ??= openBrowser();
    const { rewards } = await this.#browser;
    const { id, chosen } = await rewards.openSource(source);
    const name = untold(chosen);
    return {
      name: source.name,
      ready: () => rewards.ready(id),
      score: (batch, stop) => rewards.score(id, name, batch, stop),
      close: () => void rewards.close(id).catch(() => undefined),
    };
  }

  async close(): Promise<void> {
    const browser = await this.#browser?.catch(() => undefined);
    await browser?.close();
  }
}
