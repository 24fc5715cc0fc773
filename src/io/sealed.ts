/**
 * A sealed folder: its `manifest.json` is written last and names every other file with size and SHA-256. A folder whose
 * manifest is missing, torn or at odds with the files' sizes was never finished.
 */
import { createSHA256 } from 'hash-wasm';
import { InputError } from '../math/errors.ts';
import type { FileStore } from './file-store.ts';

const MANIFEST = 'manifest.json';
/** Bytes hashed at a time. */
const PIECE_BYTES = 8 << 20;

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
}

export interface Manifest {
  readonly files: readonly SealedFile[];
}

/** Writes the files one after the other, each part as it comes, then the manifest. What lay in the folder before is removed. */
export async function writeSealed(
  store: FileStore,
  folder: string,
  files: readonly FileToWrite[],
): Promise<Manifest> {
  await removeSealed(store, folder);
  const written: SealedFile[] = [];
  for (const file of files) written.push(await writeHashed(store, folder, file));
  const manifest = { files: written };
  const text = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  const writer = await store.create(`${folder}/${MANIFEST}`);
  try {
    writer.write(text);
  } finally {
    writer.close();
  }
  return manifest;
}

async function writeHashed(
  store: FileStore,
  folder: string,
  { name, parts }: FileToWrite,
): Promise<SealedFile> {
  const hash = await createSHA256();
  const writer = await store.create(`${folder}/${name}`);
  let bytes = 0;
  try {
    for await (const part of parts) {
      writer.write(part);
      hash.update(part);
      bytes += part.byteLength;
    }
  } finally {
    writer.close();
  }
  return { name, bytes, sha256: hash.digest() };
}

/** The manifest of a finished folder; undefined for one that was never finished. Contents are not read. */
export async function readManifest(store: FileStore, folder: string): Promise<Manifest | undefined> {
  const text = await store.text(`${folder}/${MANIFEST}`);
  const manifest = text === undefined ? undefined : parseManifest(text);
  for (const { name, bytes } of manifest?.files ?? []) {
    const file = await store.read(`${folder}/${name}`);
    if (file?.size !== bytes) return undefined;
  }
  return manifest;
}

function parseManifest(text: string): Manifest | undefined {
  try {
    const value = JSON.parse(text) as Partial<Manifest> | null;
    return Array.isArray(value?.files) ? { files: value.files } : undefined;
  } catch {
    return undefined;
  }
}

/** The files of a finished folder, each compared with its hash. @throws InputError naming the one that differs */
export async function openSealed(store: FileStore, folder: string): Promise<ReadonlyMap<string, Blob>> {
  const manifest = await readManifest(store, folder);
  if (!manifest) throw new InputError(`${folder}: it was not written to its end.`);
  const files = new Map<string, Blob>();
  for (const { name, sha256 } of manifest.files) {
    const blob = (await store.read(`${folder}/${name}`))!;
    const found = await sha256Of(blob);
    if (found !== sha256) {
      throw new InputError(`${folder}/${name}: its SHA-256 is ${found}, expected ${sha256}: it was damaged.`);
    }
    files.set(name, blob);
  }
  return files;
}

async function sha256Of(blob: Blob): Promise<string> {
  const hash = await createSHA256();
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    hash.update(new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer()));
  }
  return hash.digest();
}

/** Removes a folder, its seal first, so that a removal that breaks off leaves no folder that looks finished. */
export async function removeSealed(store: FileStore, folder: string): Promise<void> {
  await store.remove(`${folder}/${MANIFEST}`);
  await store.remove(folder);
}
