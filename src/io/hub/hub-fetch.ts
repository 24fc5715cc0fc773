/** Requests to a hub: the token goes to its own origin only, what often passes is tried again, the rest is said in words. */
import { InputError } from '../../math/errors.ts';
import { checkTokenIsSafe, type HubRepo } from './hub-repo.ts';

/** How a repository is reached. */
export interface HubAccess {
  readonly repo: HubRepo;
  /** Lives in memory only: never in an address, a message or in storage. */
  readonly token?: string;
  /** Ends the work; its requests reject with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told before each pause: why, and for how long. */
  readonly onWait?: (reason: string, seconds: number) => void;
  /** Milliseconds between tries, one after another; after the last of them the work is given up. */
  readonly waitsMs?: readonly number[];
  /** A connection that has brought nothing for so long counts as lost. */
  readonly silenceMs?: number;
}

const WAITS_MS = [1000, 2000, 4000, 8000, 16_000, 30_000];
const LONGEST_WAIT_MS = 300_000;
const SILENCE_MS = 60_000;

/** A failure that often passes: no connection, too many requests, a server in trouble. */
class Hiccup extends Error {
  readonly afterMs: number | undefined;

  constructor(message: string, options: { afterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.afterMs = options.afterMs;
  }
}

/** What a request without a body may say. */
export interface HubRequest {
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One request, its answer handed to `read`, whose reading of the body belongs to the try: a connection lost there is a
 * hiccup too. `read` calls `alive` whenever bytes arrive.
 */
async function requestOnce<T>(
  access: HubAccess,
  url: string,
  { headers = {} }: HubRequest,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const { repo, token, signal, silenceMs = SILENCE_MS } = access;
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceMs);
  };
  try {
    alive();
    const sent = { ...headers, ...tokenHeader(repo, url, token) };
    const response = await fetch(url, {
      headers: sent,
      // What is kept goes to OPFS; the browser's cache would hold every byte a second time.
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) throw refusal(access, url, response);
    return await read(response, alive);
  } catch (error) {
    throw signal.aborted ? signal.reason : lostConnection(error, url, silence.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}

function tokenHeader(repo: HubRepo, url: string, token: string | undefined): Record<string, string> {
  if (!token || new URL(url).origin !== new URL(repo.baseUrl).origin) return {};
  checkTokenIsSafe(repo);
  return { Authorization: `Bearer ${token}` };
}

/** fetch and the readers of bodies report every failure of the network as a TypeError. */
function lostConnection(error: unknown, url: string, silent: boolean): unknown {
  const { host } = new URL(url);
  if (silent) return new Hiccup(`${host} went silent.`, { cause: error });
  if (error instanceof TypeError) return new Hiccup(`No connection to ${host}.`, { cause: error });
  return error;
}

function refusal({ repo, token }: HubAccess, url: string, { status, headers }: Response): Error {
  const { host } = new URL(url);
  if (status === 401 || status === 403) {
    return new InputError(
      `${host} does not give ${repo.id} to ${token ? 'this token' : 'anyone'} (status ${status}).`,
      {
        hint: token
          ? 'Check that the token is valid and may read this repository, and that its owner has let you in.'
          : `Check the name. A model that asks for consent: agree on ${repo.baseUrl}/${repo.id}, make a read token in your settings there and put it into Token.`,
      },
    );
  }
  if (status === 404) {
    return new InputError(
      `${host} has no ${repo.id} at revision ${repo.revision} (status 404, ${shortPath(url)}).`,
      {
        hint: 'Check name and revision on the page of the model.',
      },
    );
  }
  const trouble = `${host} answered with status ${status}.`;
  if (status === 429 || status === 408 || status >= 500)
    return new Hiccup(trouble, { afterMs: retryAfterMs(headers) });
  return new InputError(`${trouble} (${shortPath(url)})`, { hint: 'Check the base URL.' });
}

function shortPath(url: string): string {
  return decodeURIComponent(new URL(url).pathname);
}

/** Milliseconds of a Retry-After header: seconds, or a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const after = headers.get('retry-after');
  if (after === null) return undefined;
  const ms = /^\d+$/.test(after.trim()) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/**
 * Requests until one succeeds, with longer pauses after each failure that may pass. A try that got further than all before
 * it, by `reached`, starts the count afresh.
 * @throws InputError when the last try has failed; what had been written by then stays.
 */
export async function request<T>(
  access: HubAccess,
  url: () => string,
  options: () => HubRequest,
  read: (response: Response, alive: () => void) => Promise<T>,
  reached: () => number = () => 0,
): Promise<T> {
  const { waitsMs = WAITS_MS, signal, onWait } = access;
  let furthest = reached();
  for (let failures = 0; ; failures++) {
    try {
      return await requestOnce(access, url(), options(), read);
    } catch (error) {
      if (!(error instanceof Hiccup)) throw error;
      if (reached() > furthest) failures = 0;
      furthest = Math.max(furthest, reached());
      const pauseMs = Math.max(waitsMs[failures] ?? 0, error.afterMs ?? 0);
      if (failures >= waitsMs.length || pauseMs > LONGEST_WAIT_MS) throw givenUp(error);
      onWait?.(error.message, pauseMs / 1000);
      await pause(pauseMs, signal);
    }
  }
}

function givenUp({ message, afterMs = 0, cause }: Hiccup): InputError {
  const minutes = Math.ceil(afterMs / 60_000);
  return new InputError(message, {
    hint:
      minutes > 1
        ? `It asks for a pause of ${minutes} minutes. What has arrived is kept: go on then.`
        : 'Check the connection (and the base URL, if it is not the usual one). What has arrived is kept: go on when it is back.',
    cause,
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal.removeEventListener('abort', stopped);
      resolve();
    }
    function stopped(): void {
      clearTimeout(timer);
      reject(signal.reason);
    }
    if (signal.aborted) stopped();
    else signal.addEventListener('abort', stopped, { once: true });
  });
}
