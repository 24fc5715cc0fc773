import { ifFound } from '../../io/files/found.ts';
import {
  type BrokenExport,
  beginExport,
  brokenExport,
  endExport,
  writeFile,
} from '../../io/writing/export-folder.ts';
import type { FileToWrite } from '../../io/writing/file-to-write.ts';
import { zipBytes, zipPieces } from '../../io/writing/zip.ts';
import { InputError } from '../../math/errors.ts';
import type { ExportedFile, ExportPlace, ExportRequest } from '../../protocol/messages.ts';
import type { Emit, Report } from '../progress.ts';
import { forgetRequest, rememberedRequest, rememberRequest } from './mark.ts';

/** Folder in the browser's own storage (OPFS) for archives, loose files and the mark of an export under way. */
const STORAGE = 'exports';
/** All tabs share the storage: one export at a time holds this lock. */
const LOCK = 'exports';

/** Where an export goes. */
export interface ExportTarget {
  readonly place: ExportPlace;
  /** Name of the archive, where it is to be one. */
  readonly archive: string;
  /** What would begin it again. */
  readonly request?: ExportRequest;
}

/**
 * Writes an export where it is wanted, piece by piece, and returns the files as they lie on disk. While it lasts, a mark
 * stands in the storage and in the chosen folder; one that is still there later tells of an export that broke off, and
 * what was asked for is remembered beside it.
 */
export function writeExport(
  files: readonly FileToWrite[],
  target: ExportTarget,
  report: Report,
): Promise<ExportedFile[]> {
  return navigator.locks.request(LOCK, () => writeMarked(files, target, report));
}

async function writeMarked(
  files: readonly FileToWrite[],
  { place, archive, request }: ExportTarget,
  report: Report,
): Promise<ExportedFile[]> {
  const storage = await emptyStorage();
  const folder = place.kind === 'folder' ? place.folder : storage;
  const marked = folder === storage ? [storage] : [storage, folder];
  const written = place.kind === 'archive' ? [archiveFile(archive, files)] : files;
  const record = {
    target: place.kind === 'folder' ? folder.name : archive,
    started: new Date().toISOString(),
    files: written.map(({ path, bytes }) => ({ path, bytes })),
  };
  await rememberRequest(record.started, request);
  for (const each of marked) await beginExport(each, record).catch(cannotWrite(each));
  const exported = await writeAll(written, folder, report);
  for (const each of marked) await endExport(each);
  await forgetRequest();
  return exported;
}

/** A folder of an earlier visit may have been moved, or the browser may have taken its permission back. */
function cannotWrite({ name }: FileSystemDirectoryHandle): (error: unknown) => never {
  return (cause) => {
    const lost = cause instanceof DOMException && ['NotFoundError', 'NotAllowedError'].includes(cause.name);
    if (!lost) throw cause;
    throw new InputError(`The folder ${name} is not there any more, or may not be written.`, {
      hint: 'Choose it again: press Save to folder.',
      cause,
    });
  };
}

function archiveFile(path: string, files: readonly FileToWrite[]): FileToWrite {
  return { path, bytes: zipBytes(files), pieces: () => zipPieces(files) };
}

async function writeAll(
  files: readonly FileToWrite[],
  folder: FileSystemDirectoryHandle,
  report: Report,
): Promise<ExportedFile[]> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const exported: ExportedFile[] = [];
  let done = 0;
  for (const file of files) {
    const blob = await writeFile(folder, file, (bytes) => {
      done += bytes;
      report(Math.min(done, total), total);
    });
    exported.push({ name: file.path, blob });
  }
  return exported;
}

/** The storage's folder without what earlier exports left in it. */
async function emptyStorage(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  await ifFound(root.removeEntry(STORAGE, { recursive: true }));
  return root.getDirectoryHandle(STORAGE, { create: true });
}

/** Tells the page of an export that an earlier visit left unfinished; what a finished one left in the storage goes. */
export async function reportBrokenExport(emit: Emit): Promise<void> {
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    const root = await navigator.storage.getDirectory();
    const storage = await ifFound(root.getDirectoryHandle(STORAGE));
    const broken = storage && (await brokenExport(storage));
    if (broken) emit({ type: 'exportBroken', broken: await withRequest(broken) });
    else if (storage) await emptyStorage();
  });
}

async function withRequest(broken: BrokenExport): Promise<BrokenExport & { request?: ExportRequest }> {
  const request = await rememberedRequest(broken.started);
  return { ...broken, ...(request ? { request } : {}) };
}
