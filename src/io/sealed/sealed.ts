/**
 * A sealed folder: its `manifest.json`, kept twice, names every other file with size and SHA-256, and holds small JSON
 * files whole. While a folder is written or removed the file `unfinished` lies in it. Without that mark, a folder whose
 * manifest or files are not as they should be was damaged: it is never taken for one that was not finished.
 */
import { createSHA256, sha256 } from 'hash-wasm';
import { describeError, InputError } from '../../math/errors.ts';
import type { FileStore } from '../writing/file-store.ts';
import { copyPath, type ReadRecord, readRecord, writeFile, writeRecord } from './record.ts';

const MANIFEST = 'manifest.json';
const UNFINISHED = 'unfinished';
/** Says why a folder is not to be used. */
const SET_ASIDE = 'set-aside.txt';
const OWN_FILES = [MANIFEST, copyPath(MANIFEST), UNFINISHED, SET_ASIDE];
/** Bytes hashed at a time. */
const PIECE_BYTES = 8 << 20;
/** JSON files up to this size are held by the manifest, too. */
const MOST_TEXT_BYTES = 64 << 10;

/** A file to be written; its parts are asked for one at a time. */
export interface FileToWrite {
  readonly name: string;
  readonly parts: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export interface SealedFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** The whole file, where it is a small one. */
  readonly text?: string;
}

export interface WholeSeal {
  readonly state: 'whole';
  readonly files: readonly SealedFile[];
  /** What was found damaged and made good. */
  readonly notes: readonly string[];
}

/** What a folder is, by its manifest and the sizes of its files. */
export type Seal =
  | WholeSeal
  | { readonly state: 'absent' | 'unfinished' }
  | {
      readonly state: 'damaged';
      readonly reason: string;
      /** Which of the two is not to be trusted. */
      readonly suspect: 'manifest' | 'files';
    };

/** Writes the files one after the other, each part as it comes, then the manifest. What lay in the folder before is removed. */
export async function writeSealed(
  store: FileStore,
  folder: string,
  files: readonly FileToWrite[],
): Promise<void> {
  await removeSealed(store, folder);
  await writeFile(store, `${folder}/${UNFINISHED}`, new Uint8Array(0));
  const written: SealedFile[] = [];
  for (const file of files) written.push(await writeHashed(store, folder, file));
  await writeRecord(store, `${folder}/${MANIFEST}`, { files: written });
  await store.remove(`${folder}/${UNFINISHED}`);
}

async function writeHashed(
  store: FileStore,
  folder: string,
  { name, parts }: FileToWrite,
): Promise<SealedFile> {
  const hash = await createSHA256();
  const writer = await store.create(`${folder}/${name}`);
  const small: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for await (const part of parts) {
      writer.write(part);
      hash.update(part);
      bytes += part.byteLength;
      if (name.endsWith('.json') && bytes <= MOST_TEXT_BYTES) small.push(part.slice());
    }
  } finally {
    writer.close();
  }
  const held = name.endsWith('.json') && bytes <= MOST_TEXT_BYTES;
  const text = held ? { text: await new Blob(small).text() } : {};
  return { name, bytes, sha256: hash.digest(), ...text };
}

/** Looks at a folder without reading its larger files. */
export async function inspectSealed(store: FileStore, folder: string): Promise<Seal> {
  const sizes = new Map((await store.sizes(folder)).map(({ path, bytes }) => [path, bytes]));
  if (sizes.size === 0) return { state: 'absent' };
  if (sizes.has(SET_ASIDE)) {
    return { state: 'damaged', reason: await reasonOf(store, folder), suspect: 'files' };
  }
  let record: ReadRecord | undefined;
  try {
    record = await readRecord(store, `${folder}/${MANIFEST}`);
    if (!record) throw new InputError(`${folder}/${MANIFEST} is missing.`);
    return { state: 'whole', ...checkManifest(record, sizes, folder) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (sizes.has(UNFINISHED)) return { state: 'unfinished' };
    return { state: 'damaged', reason: error.message, suspect: record?.checked ? 'files' : 'manifest' };
  }
}

async function reasonOf(store: FileStore, folder: string): Promise<string> {
  return (await store.text(`${folder}/${SET_ASIDE}`).catch(describeError)) || `${folder} was set aside.`;
}

/** @throws InputError when the folder does not hold what the manifest says */
function checkManifest(
  { value, checked, note }: ReadRecord,
  sizes: ReadonlyMap<string, number>,
  folder: string,
): Omit<WholeSeal, 'state'> {
  const path = `${folder}/${MANIFEST}`;
  const files = parseFiles(value.files, path);
  const notes = note === undefined ? [] : [note];
  for (const { name, bytes, text } of files) {
    const found = sizes.get(name);
    if (found === bytes) continue;
    const problem = `${folder}/${name} ${found === undefined ? 'is missing' : `is ${found} bytes long`}, expected ${bytes} bytes.`;
    if (text === undefined) throw new InputError(problem);
    notes.push(`${problem} The manifest holds it, too.`);
  }
  // A manifest without a hash of its own may have lost an entry.
  const stray = checked ? undefined : [...sizes.keys()].find((name) => !isNamed(files, name));
  if (stray !== undefined) throw new InputError(`${path} does not name ${stray}, which lies beside it.`);
  return { files, notes };
}

const isNamed = (files: readonly SealedFile[], name: string): boolean =>
  OWN_FILES.includes(name) || files.some((file) => file.name === name);

function parseFiles(value: unknown, path: string): SealedFile[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isSealedFile)) {
    throw new InputError(`${path}: expected a list of files, each with its name, size and SHA-256.`);
  }
  if (new Set(value.map(({ name }) => name)).size === value.length) return value;
  throw new InputError(`${path}: it names a file twice.`);
}

function isSealedFile(value: unknown): value is SealedFile {
  const file = value as Partial<SealedFile> | null;
  return (
    typeof file?.name === 'string' &&
    /^\w[\w.-]{0,200}$/.test(file.name) &&
    !OWN_FILES.includes(file.name) &&
    Number.isSafeInteger(file.bytes) &&
    file.bytes! >= 0 &&
    typeof file.sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(file.sha256) &&
    (file.text === undefined || typeof file.text === 'string')
  );
}

export interface OpenedFolder {
  readonly files: ReadonlyMap<string, Blob>;
  /** What was found damaged and made good. */
  readonly notes: readonly string[];
}

/** The files of a finished folder, each compared with its hash. @throws InputError naming the one that differs */
export async function openSealed(store: FileStore, folder: string): Promise<OpenedFolder> {
  const seal = await inspectSealed(store, folder);
  if (seal.state === 'damaged') throw new InputError(seal.reason);
  if (seal.state !== 'whole') throw new InputError(`${folder}: it was not written to its end.`);
  const files = new Map<string, Blob>();
  const notes = [...seal.notes];
  for (const file of seal.files) {
    const { blob, note } = await openFile(store, `${folder}/${file.name}`, file);
    files.set(file.name, blob);
    if (note !== undefined) notes.push(note);
  }
  return { files, notes };
}

async function openFile(
  store: FileStore,
  path: string,
  { bytes, sha256: expected, text }: SealedFile,
): Promise<{ blob: Blob; note?: string }> {
  const blob = await store.read(path);
  const found = blob?.size === bytes ? await sha256Of(blob) : undefined;
  if (blob && found === expected) return { blob };
  const problem = found
    ? `${path}: its SHA-256 is ${found}, expected ${expected}: it was damaged.`
    : `${path} is not as it was written.`;
  if (text !== undefined && (await sha256(text)) === expected) {
    return { blob: new Blob([text]), note: `${problem} The manifest's copy of it was used.` };
  }
  throw new InputError(problem);
}

async function sha256Of(blob: Blob): Promise<string> {
  const hash = await createSHA256();
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    hash.update(new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer()));
  }
  return hash.digest();
}

/** Keeps a folder from being used, for a reason, and leaves everything in it. */
export async function setAside(store: FileStore, folder: string, reason: string): Promise<void> {
  await writeFile(store, `${folder}/${SET_ASIDE}`, new TextEncoder().encode(reason));
}

/** Removes a folder; a removal that breaks off leaves one that is known as unfinished. */
export async function removeSealed(store: FileStore, folder: string): Promise<void> {
  const isThere = (await store.list(folder)).length > 0;
  // On a full device there may be no room for the mark: the folder goes all the same.
  if (isThere) await writeFile(store, `${folder}/${UNFINISHED}`, new Uint8Array(0)).catch(() => undefined);
  await store.remove(folder);
}
