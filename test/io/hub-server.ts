/** A hub on this machine, for tests: lists and serves files of repositories, in pieces, and fails when asked to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** One answered request for a file: the first byte asked for, and how many were sent. */
export interface Served {
  readonly path: string;
  readonly start: number;
  sent: number;
}

export interface HubServerOptions {
  /** Answers with whole files, as servers without ranges do. */
  ranges?: boolean;
  /** Needed to see anything. */
  token?: string;
  /** Entries on one page of the list. */
  pageSize?: number;
  /** Milliseconds before each 64 KiB of a file. */
  slowMs?: number;
  /** No file is sent beyond so many of its bytes while this is set. */
  holdAt?: number | undefined;
  /** Files are served by another server, as hubs do. */
  redirectTo?: string;
  /** What the list says, whatever there is. */
  listAs?: string;
}

const CHUNK_BYTES = 64 << 10;
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, range',
  'access-control-expose-headers': 'link, content-range',
};

type Repos = Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>;

export class HubServer {
  readonly served: Served[] = [];
  /** Authorization headers seen, by path. */
  readonly authorizations: [path: string, header: string | undefined][] = [];
  /** Answers for the next requests of files, in their order; 0 lets one through. */
  readonly statuses: number[] = [];
  /** The connection of the next file is cut after so many bytes; once for each entry. */
  readonly cuts: number[] = [];
  retryAfter: string | undefined;
  readonly options: HubServerOptions;
  readonly #server: Server;
  readonly #repos: Repos;

  private constructor(repos: Repos, options: HubServerOptions) {
    this.#repos = repos;
    this.options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** Serves repositories: id → path → content. Files named *.safetensors are listed as large ones (SHA-256). */
  static async open(repos: Repos, options: HubServerOptions = {}): Promise<HubServer> {
    const hub = new HubServer(repos, options);
    await new Promise<void>((resolve) => hub.#server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The hub has no port.');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Bytes sent of a file, all requests together. */
  sentOf(path: string): number {
    return this.served.filter((each) => each.path === path).reduce((sum, { sent }) => sum + sent, 0);
  }

  startsOf(path: string): number[] {
    return this.served.filter((each) => each.path === path).map(({ start }) => start);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (request.method === 'OPTIONS') return void response.writeHead(204, CORS).end();
    this.authorizations.push([pathname, request.headers.authorization]);
    const { token } = this.options;
    if (token && request.headers.authorization !== `Bearer ${token}`) return end(response, 401);
    const list = /^\/api\/models\/(.+)\/tree\/([^/]+)$/.exec(pathname);
    const file = /^\/(.+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const repo = this.#repos[(list ?? file)?.[1] ?? ''];
    if (!repo || (list ?? file)?.[2] !== 'main') return end(response, 404);
    if (list) return this.#list(repo, response, Number(searchParams.get('cursor') ?? 0), pathname);
    if (this.options.redirectTo) {
      const location = this.options.redirectTo + pathname;
      return void response.writeHead(302, { ...CORS, location }).end();
    }
    const status = this.statuses.shift() ?? 0;
    if (status !== 0) return end(response, status, this.retryAfter);
    const path = decodeURIComponent(file?.[3] ?? '');
    const content = repo[path];
    return content ? this.#send(path, content, request, response) : end(response, 404);
  }

  #list(repo: Repos[string], response: ServerResponse, cursor: number, pathname: string): void {
    const { pageSize = 1000 } = this.options;
    const entries = Object.entries(repo).map(([path, content]) => entryOf(path, content));
    const next = cursor + pageSize;
    const link =
      next < entries.length
        ? { link: `<${this.url}${pathname}?recursive=true&cursor=${next}>; rel="next"` }
        : {};
    response.writeHead(200, { ...CORS, ...link, 'content-type': 'application/json' });
    const folder = { type: 'directory', path: 'a-folder', size: 0, oid: '0'.repeat(40) };
    const { listAs } = this.options;
    response.end(listAs ?? JSON.stringify([folder, ...entries.slice(cursor, next)]));
  }

  async #send(
    path: string,
    content: Uint8Array,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const ranged = asked !== null && this.options.ranges !== false;
    const start = ranged ? Number(asked[1]) : 0;
    const end = ranged ? Math.min(content.length, Number(asked[2]) + 1) : content.length;
    const range = ranged ? { 'content-range': `bytes ${start}-${end - 1}/${content.length}` } : {};
    response.writeHead(ranged ? 206 : 200, { ...CORS, ...range, 'content-length': end - start });
    const record = { path, start: asked ? Number(asked[1]) : 0, sent: 0 };
    this.served.push(record);
    const cut = this.cuts.shift();
    const last = cut === undefined ? end : Math.min(end, start + cut);
    for (let at = start; at < last && !response.destroyed; at += CHUNK_BYTES) {
      if (this.options.slowMs) await pause(this.options.slowMs);
      while (at >= (this.options.holdAt ?? Number.POSITIVE_INFINITY) && !response.destroyed) await pause(10);
      const chunk = content.subarray(at, Math.min(last, at + CHUNK_BYTES));
      record.sent += chunk.length;
      await new Promise((resolve) => response.write(chunk, resolve));
    }
    if (last < end) response.destroy();
    else response.end();
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function end(response: ServerResponse, status: number, retryAfter?: string): void {
  response.writeHead(status, { ...CORS, ...(retryAfter && { 'retry-after': retryAfter }) }).end();
}

function entryOf(path: string, content: Uint8Array) {
  const size = content.length;
  const oid = createHash('sha1').update(`blob ${size}\0`).update(content).digest('hex');
  const sha256 = createHash('sha256').update(content).digest('hex');
  const lfs = path.endsWith('.safetensors') ? { lfs: { oid: sha256, size, pointerSize: 130 } } : {};
  return { type: 'file', path, size, oid, ...lfs };
}
