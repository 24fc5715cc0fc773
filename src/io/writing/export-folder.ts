/** Writes an export into a folder, chosen by the person or in OPFS, so that one which broke off can be told from a whole one. */
import { InputError } from '../../math/errors.ts';
import { ifFound } from '../files/found.ts';
import { isFull } from '../files/room.ts';
import { parseJsonObject } from '../json/json.ts';
import { type FileToWrite, jsonFile } from './file-to-write.ts';

/** Lies in a folder from the first moment of an export to its last. */
const MARKER = 'manifest.json.part';

/** What an export is going to be. */
export interface ExportRecord {
  /** Where to, in words: a folder's or an archive's name. */
  readonly target: string;
  /** When it was begun, ISO 8601. */
  readonly started: string;
  /** Planned sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** An export that never came to its end. */
export interface BrokenExport extends ExportRecord {
  /** Those of its files that are whole. */
  readonly written: readonly string[];
}

/** Marks the folder as one with an export under way. */
export async function beginExport(folder: FileSystemDirectoryHandle, record: ExportRecord): Promise<void> {
  await writeFile(folder, jsonFile(MARKER, record));
}

/** Takes the mark away: everything is there. */
export async function endExport(folder: FileSystemDirectoryHandle): Promise<void> {
  await folder.removeEntry(MARKER);
}

/** The export that broke off in this folder; undefined when there is none. */
export async function brokenExport(folder: FileSystemDirectoryHandle): Promise<BrokenExport | undefined> {
  const marker = await findFile(folder, MARKER);
  if (!marker) return undefined;
  const record = parseRecord(await (await marker.getFile()).text());
  const written: string[] = [];
  for (const { path, bytes } of record.files) {
    const file = await (await findFile(folder, path))?.getFile();
    if (file && (file.size > 0 || bytes === 0)) written.push(path);
  }
  return { ...record, written };
}

/** A marker that is itself cut off, or damaged, still tells that something broke off. */
function parseRecord(text: string): ExportRecord {
  const unknown: ExportRecord = { target: '', started: '', files: [] };
  try {
    const found = parseJsonObject(text, MARKER);
    return isRecord(found) ? found : unknown;
  } catch (error) {
    if (error instanceof InputError) return unknown;
    throw error;
  }
}

function isRecord(found: Record<string, unknown>): found is Record<string, unknown> & ExportRecord {
  const { target, started, files } = found;
  if (typeof target !== 'string' || typeof started !== 'string' || !Array.isArray(files)) return false;
  return files.every((file: Partial<ExportRecord['files'][number]> | null) => {
    const names = typeof file?.path === 'string' ? file.path.split('/') : [''];
    return names.every((name) => !['', '.', '..'].includes(name)) && Number.isSafeInteger(file?.bytes);
  });
}

/**
 * Writes one file, its folders included, and returns it as it lies on disk. The browser collects the bytes in a temporary
 * file and puts them in place when the last one is there: until then the file is empty. @throws InputError when full
 */
export async function writeFile(
  folder: FileSystemDirectoryHandle,
  file: FileToWrite,
  progress: (bytes: number) => void = () => undefined,
): Promise<File> {
  const handle = await makeFile(folder, file.path);
  const stream = await handle.createWritable();
  try {
    for await (const piece of file.pieces()) {
      await stream.write(piece);
      progress(piece.byteLength);
    }
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw isFull(error) ? outOfRoom(file) : error;
  }
  return handle.getFile();
}

function outOfRoom({ path, bytes }: FileToWrite): InputError {
  return new InputError(`There is no room for ${path} (${bytes} bytes).`, {
    hint: 'Free some disk space, or save into a folder on another disk; merged weights are the largest part.',
  });
}

async function makeFile(root: FileSystemDirectoryHandle, path: string): Promise<FileSystemFileHandle> {
  const parts = path.split('/');
  let folder = root;
  for (const name of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder.getFileHandle(parts.at(-1)!, { create: true });
}

async function findFile(
  root: FileSystemDirectoryHandle,
  path: string,
): Promise<FileSystemFileHandle | undefined> {
  const parts = path.split('/');
  let folder: FileSystemDirectoryHandle | undefined = root;
  for (const name of parts.slice(0, -1)) folder = folder && (await ifFound(folder.getDirectoryHandle(name)));
  return folder && ifFound(folder.getFileHandle(parts.at(-1)!));
}
