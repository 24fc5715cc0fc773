/**
 * A small JSON file on which larger ones depend. It ends with the SHA-256 of what it says and is kept twice, so that
 * damage to one copy is found, said, and made good from the other.
 */
import { sha256 } from 'hash-wasm';
import { describeError, InputError } from '../../math/errors.ts';
import { parseJsonObject } from '../json/json.ts';
import type { FileStore } from '../writing/file-store.ts';

/** Longer than any record that the studio writes: what is larger is no record. */
const MOST_RECORD_BYTES = 8 << 20;

export interface ReadRecord {
  readonly value: Record<string, unknown>;
  /** Whether it was compared with its hash: those of earlier versions have none. */
  readonly checked: boolean;
  /** What is wrong with the other copy, a sentence. */
  readonly note?: string;
}

type Found = ReadRecord | { readonly reason: string } | undefined;

/** Where the second copy of a record lies. */
export function copyPath(path: string): string {
  return path.replace(/\.json$/, '.copy.json');
}

export async function recordText(value: object): Promise<string> {
  return `${JSON.stringify({ ...value, sha256: await sha256(JSON.stringify(value)) }, null, 2)}\n`;
}

/** Writes both copies, the first one first: at most one of them is torn when the write breaks off. */
export async function writeRecord(store: FileStore, path: string, value: object): Promise<void> {
  const text = new TextEncoder().encode(await recordText(value));
  for (const place of [path, copyPath(path)]) await writeFile(store, place, text);
}

/** A record by whichever copy is sound; undefined where there is none at all. @throws InputError when none is sound */
export async function readRecord(store: FileStore, path: string): Promise<ReadRecord | undefined> {
  const first = await readCopy(store, path);
  if (isSound(first) && first.checked) return first;
  const second = await readCopy(store, copyPath(path));
  if (isSound(second) && second.checked) {
    const reason = first ? ('reason' in first ? first.reason : `${path} has lost its hash.`) : undefined;
    return { ...second, note: `${reason ?? `${path} is missing.`} Its second copy was used.` };
  }
  if (!second) {
    if (!first || isSound(first)) return first;
    throw new InputError(first.reason);
  }
  const reasons = [first ?? `${path} is missing.`, second].map((found) => reasonOf(found, path));
  throw new InputError(reasons.join(' '));
}

const isSound = (found: Found): found is ReadRecord => found !== undefined && 'value' in found;

function reasonOf(found: ReadRecord | { reason: string } | string, path: string): string {
  if (typeof found === 'string') return found;
  return 'reason' in found ? found.reason : `${path} has lost its hash.`;
}

async function readCopy(store: FileStore, path: string): Promise<Found> {
  try {
    const size = (await store.read(path))?.size;
    if (size === undefined) return undefined;
    if (size > MOST_RECORD_BYTES) {
      return { reason: `${path} is ${size} bytes long, expected ${MOST_RECORD_BYTES} at most.` };
    }
    return await parseRecord((await store.text(path)) ?? '', path);
  } catch (error) {
    if (error instanceof InputError) return { reason: error.message };
    return { reason: `${path} cannot be read: ${describeError(error)}` };
  }
}

/** @throws InputError when the text is damaged */
export async function parseRecord(text: string, path: string): Promise<ReadRecord> {
  const { sha256: expected, ...value } = parseJsonObject(text, path);
  if (expected === undefined) return { value, checked: false };
  if ((await sha256(JSON.stringify(value))) === expected) return { value, checked: true };
  throw new InputError(`${path} was damaged: what it says has another SHA-256 than it says itself.`);
}

/** Writes a small file as a whole. */
export async function writeFile(
  store: FileStore,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writer = await store.create(path);
  try {
    writer.write(bytes);
  } finally {
    writer.close();
  }
}
