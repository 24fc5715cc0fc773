/** Which files a repository has, and which of them a model is opened from. */
import { InputError } from '../../math/errors.ts';
import { baseName } from '../files/files.ts';
import { ADAPTER_WEIGHTS } from '../sealed/checkpoint.ts';
import { type HubAccess, request } from './hub-fetch.ts';
import { fileUrl, type HubRepo } from './hub-repo.ts';

/** What a file's content hashes to: SHA-256 where the hub keeps it as a large file, else git's SHA-1 of the blob. */
export interface Digest {
  readonly kind: 'sha256' | 'git-sha1';
  readonly hex: string;
}

export interface HubFile {
  /** Path inside the repository. */
  readonly path: string;
  readonly size: number;
  /** Absent where the hub tells none. */
  readonly digest?: Digest;
}

/** What is believed of a listing: a server that answers without an end would be asked for ever. */
const MOST_ENTRIES = 20_000;
const MOST_PAGES = 200;

function tooMany({ repo }: HubAccess, found: string): InputError {
  return new InputError(`${repo.baseUrl} lists ${found} for ${repo.id}, which is no model's repository.`, {
    hint: "Check the name; a data set's repository, or a server that is no hub, may answer so.",
  });
}

/** Every file of the repository. @throws InputError */
export async function listHubFiles(access: HubAccess): Promise<HubFile[]> {
  const { repo } = access;
  const { listFiles } = await import('@huggingface/hub');
  // The body is read inside the try: a connection lost there is a reason to ask again.
  let pages = 0;
  const fetchWhole: typeof fetch = async (input, init) => {
    if (++pages > MOST_PAGES) throw tooMany(access, `more than ${MOST_PAGES} pages`);
    return request(
      access,
      () => String(input),
      () => ({ headers: Object.fromEntries(new Headers(init?.headers)) }),
      async (response) => new Response(await response.arrayBuffer(), response),
    );
  };
  const files: HubFile[] = [];
  let entriesSeen = 0;
  try {
    const entries = listFiles({
      repo: { type: 'model', name: repo.id },
      revision: encodeURIComponent(repo.revision),
      recursive: true,
      hubUrl: repo.baseUrl,
      fetch: fetchWhole,
    });
    for await (const entry of entries) {
      if (++entriesSeen > MOST_ENTRIES) throw tooMany(access, `more than ${MOST_ENTRIES} files`);
      if (entry.type === 'file') files.push(hubFile(entry));
    }
  } catch (error) {
    if (error instanceof InputError || access.signal.aborted) throw error;
    throw new InputError(`${repo.baseUrl} did not answer with a list of files.`, {
      hint: 'Check that the base URL is that of a Hugging Face hub or of a mirror.',
      cause: error,
    });
  }
  return files;
}

interface Entry {
  readonly path: string;
  readonly size: number;
  readonly oid?: string;
  readonly lfs?: { readonly oid: string };
}

function hubFile({ path, size, oid, lfs }: Entry): HubFile {
  const safe = typeof path === 'string' && path.split('/').every((part) => !['', '.', '..'].includes(part));
  if (!safe || !Number.isSafeInteger(size) || size < 0)
    throw new TypeError('Not an entry of a list of files.');
  const digest = digestOf(lfs?.oid, oid);
  return { path, size, ...(digest && { digest }) };
}

function digestOf(sha256: unknown, oid: unknown): Digest | undefined {
  if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)) return { kind: 'sha256', hex: sha256 };
  if (typeof oid === 'string' && /^[0-9a-f]{40}$/.test(oid)) return { kind: 'git-sha1', hex: oid };
  return undefined;
}

const SETTINGS = new Set([
  'config.json',
  'generation_config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.json',
  'chat_template.jinja',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
]);
const INDEX = 'model.safetensors.index.json';
const SINGLE = 'model.safetensors';
const SHARD = /^model-\d+-of-\d+\.safetensors$/;

/**
 * The files of a repository that a model is opened from: weights in safetensors that lie beside a config.json, settings
 * and tokenizers. Of a folder's weights one form is taken: `model.safetensors`, else shards with their index, else all but an
 * adapter's.
 */
export function neededFiles(files: readonly HubFile[], repo: HubRepo): HubFile[] {
  const byFolder = new Map<string, HubFile[]>();
  for (const file of files) {
    const folder = file.path.slice(0, -baseName(file.path).length);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), file]);
  }
  const needed = [...byFolder.values()].flatMap(neededOfFolder);
  if (needed.some(({ path }) => path.endsWith('.safetensors'))) return needed;
  const found = files.map(({ path }) => path);
  throw new InputError(
    `${repo.id} holds no weights in safetensors format beside a config.json; found ${found.slice(0, 6).join(', ')}${found.length > 6 ? ' …' : ''}.`,
    { hint: 'Choose a repository with .safetensors files (.bin, .pt and .gguf files are not read).' },
  );
}

function neededOfFolder(files: readonly HubFile[]): HubFile[] {
  const has = (name: string) => files.some(({ path }) => baseName(path) === name);
  const isWeight = (name: string): boolean => {
    if (!has('config.json')) return false;
    if (has(SINGLE)) return name === SINGLE;
    if (has(INDEX)) return name === INDEX || SHARD.test(name);
    return name.endsWith('.safetensors') && name !== ADAPTER_WEIGHTS;
  };
  return files.filter(({ path }) => SETTINGS.has(baseName(path)) || isWeight(baseName(path)));
}

/** Text of a small file of the repository. @throws InputError */
export function readHubText(access: HubAccess, path: string): Promise<string> {
  return request(
    access,
    () => fileUrl(access.repo, path),
    () => ({}),
    (response) => response.text(),
  );
}
