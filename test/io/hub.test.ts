/** Downloads from a hub on this machine: what is asked for, what is kept, what is said. */
import { afterEach, describe, expect, it } from 'vitest';
import { readTextIfThere } from '../../src/io/files/files.ts';
import type { HubAccess } from '../../src/io/hub/hub-fetch.ts';
import { listHubFiles, neededFiles, readHubText } from '../../src/io/hub/hub-files.ts';
import { downloadModel } from '../../src/io/hub/hub-model.ts';
import { fileUrl, hubRepo } from '../../src/io/hub/hub-repo.ts';
import { isComplete, OpfsModels, repoKey } from '../../src/io/hub/opfs-models.ts';
import { InputError } from '../../src/math/errors.ts';
import { HubServer, type HubServerOptions } from './hub-server.ts';
import { memoryDirectory } from './memory-directory.ts';

const ID = 'owner/tiny';
const PIECE = 256 << 10;
const WEIGHTS = 'model.safetensors';
const text = (value: string) => new TextEncoder().encode(value);
/** Four pieces, the last of them short; every byte tells its place. */
const weights = Uint8Array.from({ length: 3 * PIECE + 1000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const files = {
  'config.json': text('{"model_type":"toy"}'),
  [WEIGHTS]: weights,
  'README.md': text('words'),
  'vocab.txt': text('a\nb\n'),
};

const open: HubServer[] = [];
afterEach(async () => {
  for (const hub of open.splice(0)) await hub.close();
});
async function serve(options: HubServerOptions = {}, repo: Record<string, Uint8Array> = files) {
  const hub = await HubServer.open({ [ID]: repo }, options);
  open.push(hub);
  return hub;
}

interface Try {
  readonly models?: OpfsModels;
  readonly token?: string;
  readonly waitsMs?: readonly number[];
  /** Stops the download when so many bytes are there. */
  readonly stopAt?: number;
  readonly afterList?: () => void;
}

/** One download of the repository; rejects as it does. */
async function download(hub: HubServer, options: Try = {}) {
  const {
    models = new OpfsModels(memoryDirectory()),
    token,
    waitsMs = [1, 1, 1],
    stopAt,
    afterList,
  } = options;
  const stop = new AbortController();
  const waits: string[] = [];
  const notes: string[] = [];
  const seen: number[] = [];
  const repo = hubRepo({ baseUrl: hub.url, id: ID, revision: '' });
  const access: HubAccess = {
    repo,
    ...(token && { token }),
    signal: stop.signal,
    waitsMs,
    onWait: (reason) => waits.push(reason),
  };
  const run = async () => {
    const needed = neededFiles(await listHubFiles(access), repo);
    afterList?.();
    const planned = needed.map((file) => ({ ...file, as: file.path, done: 0, checked: false }));
    const progress = ({ done }: { done: number }) => {
      seen.push(done);
      if (stopAt !== undefined && done >= stopAt) stop.abort(new Error('stopped'));
    };
    await downloadModel(
      models,
      access,
      planned,
      { progress, note: (note) => notes.push(note) },
      { pieceBytes: PIECE },
    );
  };
  const error = await run().then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  return { models, repo, key: repoKey(repo), waits, notes, seen, error };
}

async function contentOf(models: OpfsModels, key: string, path: string): Promise<Buffer> {
  const tree = await models.tree(key);
  const blob = await tree.files.find((file) => file.path === path)!.blob();
  return Buffer.from(await blob.arrayBuffer());
}

/** The model is whole, and its weights are those that were served. */
async function expectWhole({ models, key, error }: Awaited<ReturnType<typeof download>>): Promise<void> {
  expect(error).toBeUndefined();
  // Buffer's own comparison: vitest's takes seconds for so many bytes.
  expect((await contentOf(models, key, WEIGHTS)).equals(weights)).toBe(true);
}

/** What a person reads when it fails. */
function words(error: Error | undefined): string {
  expect(error).toBeInstanceOf(InputError);
  return `${error?.message} ${(error as InputError).hint}`;
}

describe('a download', () => {
  it('brings the needed files, as a folder of the repository’s name, and asks for each byte once', async () => {
    const hub = await serve({ pageSize: 2 });
    const brought = await download(hub);
    const { models, key, seen, waits } = brought;
    await expectWhole(brought);
    const tree = await models.tree(key);
    expect(tree.name).toBe('tiny');
    expect(tree.files.map(({ path }) => path)).toEqual(['config.json', WEIGHTS, 'vocab.txt']);
    expect(await readTextIfThere(tree, 'vocab.txt')).toBe('a\nb\n');
    expect(hub.startsOf(WEIGHTS)).toEqual([0, PIECE, 2 * PIECE, 3 * PIECE]);
    expect(hub.sentOf(WEIGHTS)).toBe(weights.length);
    expect(Math.max(...seen)).toBe(weights.length + 20 + 4);
    expect(waits).toEqual([]);
    expect((await models.list()).map(isComplete)).toEqual([true]);
  });

  it('goes on after a lost connection at the byte where it was lost', async () => {
    const hub = await serve();
    hub.cuts.push(1 << 30, 1 << 30, PIECE / 2);
    const brought = await download(hub);
    await expectWhole(brought);
    expect(brought.waits).toEqual([`No connection to ${new URL(hub.url).host}.`]);
    const starts = hub.startsOf(WEIGHTS);
    expect(starts).toHaveLength(5);
    // What was on its way when the connection broke may be lost; nothing before it is asked for again.
    expect(starts[2]).toBeGreaterThan(PIECE);
    expect(starts[2]).toBeLessThanOrEqual(PIECE + PIECE / 2);
    expect(starts.slice(3)).toEqual([2 * PIECE, 3 * PIECE]);
  });

  it('that was stopped goes on in another session at the last whole piece', async () => {
    const hub = await serve();
    const first = await download(hub, { stopAt: 20 + 2 * PIECE + 1000 });
    expect(first.error?.message).toBe('stopped');
    const [half] = await first.models.list();
    expect(half?.files.map(({ done, checked }) => [done, checked])).toEqual([
      [20, true],
      [2 * PIECE, false],
      [0, false],
    ]);
    await expect(first.models.tree(first.key)).rejects.toThrow("is not in this browser's storage as a whole");
    hub.served.length = 0;
    const second = await download(hub, { models: first.models });
    await expectWhole(second);
    expect(hub.startsOf('config.json')).toEqual([]);
    expect(hub.startsOf(WEIGHTS)).toEqual([2 * PIECE, 3 * PIECE]);
    expect(hub.sentOf(WEIGHTS)).toBe(weights.length - 2 * PIECE);
    expect(second.seen[0]).toBeGreaterThanOrEqual(2 * PIECE);
    hub.served.length = 0;
    expect((await download(hub, { models: first.models })).error).toBeUndefined();
    expect(hub.served).toEqual([]);
  });

  it('keeps of an older revision only the files that are the same', async () => {
    const models = new OpfsModels(memoryDirectory());
    const changed = { ...files, 'config.json': text('{"model_type":"new"}'), 'merges.txt': text('a b') };
    const content = { ...files } as Record<string, Uint8Array>;
    const hub = await serve({}, content);
    await download(hub, { models });
    hub.served.length = 0;
    Object.assign(content, changed);
    delete content['vocab.txt'];
    const { error, key } = await download(hub, { models });
    expect(error).toBeUndefined();
    expect(hub.served.map(({ path }) => path)).toEqual(['config.json', 'merges.txt']);
    expect((await models.tree(key)).files.map(({ path }) => path)).toEqual([
      'config.json',
      'merges.txt',
      WEIGHTS,
    ]);
    expect(new TextDecoder().decode(await contentOf(models, key, 'config.json'))).toContain('new');
  });

  it('from a server without ranges comes whole, says so, and begins again when it breaks', async () => {
    const hub = await serve({ ranges: false });
    hub.cuts.push(1 << 30, 2 * PIECE);
    const brought = await download(hub);
    await expectWhole(brought);
    expect(new Set(brought.notes)).toEqual(
      new Set([`The server sends ${WEIGHTS} only as a whole: if it breaks off, it begins again.`]),
    );
    expect(hub.sentOf(WEIGHTS)).toBe(2 * PIECE + weights.length);
  });

  it.each([WEIGHTS, 'vocab.txt'])('refuses %s when it does not hash to what was listed', async (path) => {
    const content: Record<string, Uint8Array> = { ...files };
    const hub = await serve({}, content);
    const swap = () => {
      content[path] = content[path]!.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    };
    const { models, repo, error } = await download(hub, { afterList: swap });
    expect(words(error)).toMatch(/owner\/tiny\/.* hashes to .*The file was removed: go on/);
    const left = (await models.list())[0]?.files.find((file) => file.path === path);
    expect(left).toMatchObject({ done: 0, checked: false });
    await expect(models.blob(repo, path)).rejects.toThrow('There is no');
  });

  it('stops with words when the browser has no room, and keeps what is there', async () => {
    const hub = await serve();
    let room = PIECE + 5000;
    const models = new OpfsModels(memoryDirectory(() => room));
    const { error } = await download(hub, { models });
    expect(words(error)).toContain('the browser has no room for model.safetensors (769 KiB)');
    expect((await models.list())[0]?.files[1]?.done).toBe(PIECE);
    room = 1 << 30;
    expect((await download(hub, { models })).error).toBeUndefined();
  });

  it('stops with words when there is no room to note how far it has come, and goes on from the last note', async () => {
    const hub = await serve();
    const isFull = () => hub.startsOf(WEIGHTS).includes(2 * PIECE);
    let isFreed = false;
    const room = (name: string) => (isFull() && !isFreed && name.startsWith('state.json') ? 0 : 1 << 30);
    const models = new OpfsModels(memoryDirectory(room));
    const { error } = await download(hub, { models });
    expect(words(error)).toMatch(
      /^The browser has no room left to note how far owner\/tiny has come\. .*then go on: what has arrived is kept\.$/,
    );
    expect((await models.list())[0]?.files[1]?.done).toBe(2 * PIECE);
    isFreed = true;
    await expectWhole(await download(hub, { models }));
    expect(hub.startsOf(WEIGHTS)).toEqual([0, PIECE, 2 * PIECE, 2 * PIECE, 3 * PIECE]);
  });

  it('is removed with all it brought', async () => {
    const hub = await serve();
    const { models, repo, key } = await download(hub);
    await models.remove(repo);
    expect(await models.list()).toEqual([]);
    expect(await models.read(key)).toBeUndefined();
  });
});

describe('a hub that refuses', () => {
  it('for want of a token is told one, and the token goes nowhere else', async () => {
    const hub = await serve({ token: 'hf_secret' });
    const closed = await download(hub);
    expect(words(closed.error)).toMatch(
      /does not give owner\/tiny to anyone \(status 401\).*make a read token/,
    );
    const wrong = await download(hub, { token: 'hf_other' });
    expect(words(wrong.error)).toContain('to this token (status 401)');
    expect(words(wrong.error)).not.toContain('hf_other');
    hub.authorizations.length = 0;
    const store = await serve();
    hub.options.redirectTo = store.url;
    const open = await download(hub, { token: 'hf_secret' });
    await expectWhole(open);
    expect(new Set(hub.authorizations.map(([, header]) => header))).toEqual(new Set(['Bearer hf_secret']));
    expect(new Set(store.authorizations.map(([, header]) => header))).toEqual(new Set([undefined]));
    expect(JSON.stringify(await open.models.list()) + open.key).not.toContain('hf_secret');
  });

  it('because the repository is not there says where to look', async () => {
    const hub = await HubServer.open({});
    open.push(hub);
    expect(words((await download(hub)).error)).toMatch(
      /has no owner\/tiny at revision main \(status 404.*Check name/,
    );
  });

  it('because there are too many requests is asked again later, as late as it says', async () => {
    const hub = await serve();
    hub.statuses.push(429, 503);
    hub.retryAfter = '0';
    const { error, waits } = await download(hub);
    expect(error).toBeUndefined();
    expect(waits.map((reason) => /status \d+/.exec(reason)?.[0])).toEqual(['status 429', 'status 503']);
    hub.statuses.push(429);
    hub.retryAfter = '600';
    const late = await download(hub);
    expect(words(late.error)).toMatch(/status 429.*pause of 10 minutes. What has arrived is kept/);
  });

  it('again and again is given up, and what has arrived is kept', async () => {
    const hub = await serve();
    hub.statuses.push(0, 0, 500, 500, 500, 500);
    const { error, models, waits } = await download(hub);
    expect(words(error)).toMatch(/status 500.*What has arrived is kept/);
    expect(waits).toHaveLength(3);
    expect((await models.list())[0]?.files[1]?.done).toBe(PIECE);
  });

  it('by going silent is asked again', async () => {
    const hub = await serve({ slowMs: 300 });
    const access = {
      repo: hubRepo({ baseUrl: hub.url, id: ID, revision: 'main' }),
      signal: new AbortController().signal,
      waitsMs: [1],
      silenceMs: 50,
    };
    await expect(readHubText(access, 'config.json')).rejects.toThrow('went silent');
    expect(hub.startsOf('config.json')).toHaveLength(2);
  });

  it('because it is no hub is told from one', async () => {
    const hub = await serve();
    hub.options.listAs = '<!doctype html>';
    expect(words((await download(hub)).error)).toMatch(
      /did not answer with a list of files.*Check that the base URL/,
    );
    hub.options.listAs = JSON.stringify([{ type: 'file', path: '../../config.json', size: 1 }]);
    expect(words((await download(hub)).error)).toContain('did not answer with a list of files');
  });
});

describe('a listing without an end', () => {
  const refused = async (options: HubServerOptions) => {
    const hub = await serve(options);
    return words((await download(hub)).error);
  };

  it('is left, however it goes on', async () => {
    expect(await refused({ pageSize: 0 })).toMatch(
      /lists more than 200 pages for owner\/tiny.*Check the name/,
    );
    const entry = { type: 'file', path: 'a', size: 1, oid: '0'.repeat(40) };
    const many = JSON.stringify(Array.from({ length: 20_001 }, () => entry));
    expect(await refused({ listAs: many })).toMatch(/lists more than 20000 files/);
  });
});

describe('names and files', () => {
  it.each([
    [
      { baseUrl: 'https://huggingface.co', id: '../etc', revision: 'main' },
      'is not the name of a repository',
    ],
    [{ baseUrl: 'https://huggingface.co', id: 'a/b/c', revision: 'main' }, 'is not the name of a repository'],
    [{ baseUrl: 'https://huggingface.co', id: 'a/.', revision: 'main' }, 'is not the name of a repository'],
    [{ baseUrl: 'https://huggingface.co', id: './a', revision: 'main' }, 'is not the name of a repository'],
    [{ baseUrl: 'https://huggingface.co', id: '...', revision: 'main' }, 'is not the name of a repository'],
    [{ baseUrl: 'https://huggingface.co', id: 'a/', revision: 'main' }, 'is not the name of a repository'],
    [{ baseUrl: 'https://huggingface.co', id: '', revision: 'main' }, 'is not the name of a repository'],
    [{ baseUrl: 'https://huggingface.co', id: 'a/b', revision: 'refs/.' }, 'is not a revision'],
    [{ baseUrl: 'https://huggingface.co', id: 'a/b', revision: 'x?y' }, 'is not a revision'],
    [{ baseUrl: 'huggingface.co', id: 'a/b', revision: 'main' }, 'not the address of a hub'],
    [{ baseUrl: 'https://me:pw@hub.example', id: 'a/b', revision: 'main' }, 'not the address of a hub'],
  ])('%j is refused', (typed, message) => {
    expect(() => hubRepo(typed)).toThrow(message);
  });

  it.each(['https://hub.example/#', 'https://hub.example/?'])(
    'an address that ends %s does not swallow the path',
    (baseUrl) => {
      const repo = hubRepo({ baseUrl, id: 'a/b', revision: 'main' });
      expect(fileUrl(repo, 'x')).toBe('https://hub.example/a/b/resolve/main/x');
    },
  );

  it('are put into addresses part by part', () => {
    const repo = hubRepo({ baseUrl: ' https://hub.example/mirror/ ', id: 'a/b', revision: 'refs/pr/1' });
    expect(fileUrl(repo, 'bert folder/vocab.txt')).toBe(
      'https://hub.example/mirror/a/b/resolve/refs%2Fpr%2F1/bert%20folder/vocab.txt',
    );
  });

  it('a token is not sent by http to another machine', async () => {
    const repo = hubRepo({ baseUrl: 'http://hub.example', id: 'a/b', revision: 'main' });
    const access = { repo, token: 'hf_secret', signal: new AbortController().signal };
    await expect(listHubFiles(access)).rejects.toThrow('The token was not sent: hub.example');
  });

  const named = (...paths: string[]) => paths.map((path) => ({ path, size: 1 }));
  const needed = (...paths: string[]) =>
    neededFiles(
      named(...paths),
      hubRepo({ baseUrl: 'https://hub.example', id: 'a/b', revision: 'main' }),
    ).map(({ path }) => path);

  it('of weights, one form is taken, and only beside a config.json', () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    expect(needed('config.json', 'model.safetensors', 'model.fp16.safetensors', 'pytorch_model.bin')).toEqual(
      ['config.json', 'model.safetensors'],
    );
    expect(needed('config.json', 'model.safetensors', 'model.safetensors.index.json', ...shards)).toEqual([
      'config.json',
      'model.safetensors',
    ]);
    expect(needed('config.json', 'model.safetensors.index.json', ...shards)).toEqual([
      'config.json',
      'model.safetensors.index.json',
      ...shards,
    ]);
    expect(needed('config.json', 'a.safetensors', 'adapter_model.safetensors')).toEqual([
      'config.json',
      'a.safetensors',
    ]);
    expect(
      needed('config.json', 'a.safetensors', 'onnx/model.safetensors', '.gitattributes', 'run.py'),
    ).toEqual(['config.json', 'a.safetensors']);
    expect(
      needed(
        'model/config.json',
        'model/model.safetensors',
        'siglip/config.json',
        'siglip/model.safetensors',
      ),
    ).toHaveLength(4);
    expect(() => needed('config.json', 'pytorch_model.bin')).toThrow(
      'a/b holds no weights in safetensors format beside a config.json; found config.json, pytorch_model.bin.',
    );
  });
});
