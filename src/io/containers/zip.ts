/** Zip archives read where they lie: the directory at their end when they are opened, a file's bytes when they are asked for. */
import type { Entry as DirectoryEntry, FileEntry as ZipEntry } from '@zip.js/zip.js';
import { InputError } from '../../math/errors.ts';
import { blobSource } from '../files/bytes.ts';
import { baseName, cleanPath, extension, type FileEntry } from '../files/files.ts';
import { reading } from '../files/unreadable.ts';

/** A file of an archive that is not read, and why. */
export interface ZipRefusal {
  readonly path: string;
  readonly error: InputError;
}

export interface ZipContents {
  /** Paths as the archive has them. */
  readonly files: readonly FileEntry[];
  readonly refused: readonly ZipRefusal[];
}

/** Methods of compression (APPNOTE 4.4.5). */
const STORED = 0;
const DEFLATED = 8;
const METHODS: Readonly<Record<number, string>> = {
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  93: 'Zstandard',
  95: 'xz',
};
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
/** A file of an archive is unpacked whole, into memory. */
const MOST_INFLATED_BYTES = 2 ** 31;
const UNPACK = 'Unpack the archive, and drop the folder that comes out.';

/**
 * The files of an archive. Stored ones are slices of it, deflated ones are inflated each time that they are asked for.
 * `encodingOf` names the encoding (of TextDecoder) that names which are neither UTF-8 nor plain are in; undefined where that
 * is not certain. @throws InputError for what is no zip archive, or has names in no certain encoding
 */
export async function openZip(
  archive: FileEntry,
  encodingOf: (names: Uint8Array<ArrayBuffer>) => string | undefined,
): Promise<ZipContents> {
  const blob = await reading(archive.path, () => archive.blob());
  const entries = await entriesOf(archive.path, blob);
  const namer = namesOf(archive.path, entries, encodingOf);
  const files = new Map<string, FileEntry>();
  const refused: ZipRefusal[] = [];
  for (const entry of entries) {
    if (entry.directory) continue;
    const written = namer(entry);
    if (isLeftBehind(written)) continue;
    const path = cleanPath(written);
    const problem = problemOf(written, entry) ?? (files.has(path) ? TWICE : undefined);
    if (problem) {
      const { found, hint } = problem;
      refused.push({ path, error: new InputError(`${archive.path}: ${written} ${found}.`, { hint }) });
    } else files.set(path, fileOf(`${archive.path}/${path}`, path, { blob, entry }));
  }
  return { files: [...files.values()], refused };
}

async function entriesOf(path: string, blob: Blob): Promise<DirectoryEntry[]> {
  const { BlobReader, ZipReader } = await zipLibrary();
  try {
    return await new ZipReader(new BlobReader(blob)).getEntries({ filenameValidation: 'tolerant' });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(
      `${path}: found ${blob.size} bytes that are no whole zip archive (${reason}), expected one.`,
      { hint: 'Download or copy it again; of an archive in several parts, unpack it first.', cause },
    );
  }
}

/** Loaded where there is an archive. */
const zipLibrary = () => import('@zip.js/zip.js');

interface Problem {
  readonly found: string;
  readonly hint: string;
}

const TWICE: Problem = {
  found: 'is in the archive twice; the first was kept',
  hint: UNPACK,
};

function problemOf(written: string, entry: ZipEntry): Problem | undefined {
  if (leadsOut(written)) return { found: 'leads out of the archive', hint: 'The file was left out.' };
  if (extension(written) === 'zip') return { found: 'is an archive within an archive', hint: UNPACK };
  if (entry.encrypted) return { found: 'is encrypted', hint: UNPACK };
  const { compressionMethod: method } = entry;
  if (method === STORED || method === DEFLATED) return undefined;
  return {
    found: `is compressed by ${METHODS[method] ?? `method ${method}`}, which is not read`,
    hint: UNPACK,
  };
}

const leadsOut = (written: string): boolean => {
  const path = written.replaceAll('\\', '/');
  return path.startsWith('/') || /^[a-z]:/i.test(path) || path.split('/').includes('..');
};

/** What systems put into archives and hide from people. */
const isLeftBehind = (written: string): boolean =>
  written.split(/[\\/]/).some((part) => part === '__MACOSX' || /^\.[^.]/.test(part)) ||
  baseName(written) === 'Thumbs.db';

/** How names are read: most programs write UTF-8, flagged or not; the rest the encoding of their country (zip's own is IBM 437). */
function namesOf(
  archive: string,
  entries: readonly DirectoryEntry[],
  encodingOf: (names: Uint8Array<ArrayBuffer>) => string | undefined,
): (entry: DirectoryEntry) => string {
  const unclear = entries.filter(({ filenameUTF8, rawFilename }) => !filenameUTF8 && !isUtf8(rawFilename));
  if (unclear.length === 0) return ({ filename }) => filename;
  const joined = new Uint8Array(unclear.flatMap(({ rawFilename }) => [...rawFilename, 0x0a]));
  const encoding = encodingOf(joined);
  if (encoding === undefined && !isWestern437(joined)) {
    throw new InputError(
      `${archive}: the names of ${unclear.length} files in it are not in UTF-8, for example ${unclear[0]!.filename} if they are in IBM 437; expected names in UTF-8.`,
      { hint: UNPACK },
    );
  }
  const decoder = encoding === undefined ? undefined : new TextDecoder(encoding);
  const others = new Set(unclear);
  return (entry) => (decoder && others.has(entry) ? decoder.decode(entry.rawFilename) : entry.filename);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Accented letters of IBM 437 (0x80 to 0xA5), each beside a plain one: no two in a row, as other alphabets have them. */
function isWestern437(bytes: Uint8Array): boolean {
  return bytes.every((byte, at) => byte < 0x80 || (byte <= 0xa5 && (bytes[at + 1] ?? 0) < 0x80));
}

interface Place {
  readonly blob: Blob;
  readonly entry: ZipEntry;
}

function fileOf(label: string, path: string, place: Place): FileEntry {
  const size = place.entry.uncompressedSize;
  const isStored = place.entry.compressionMethod === STORED;
  if (isStored) return { path, size, blob: () => storedBlob(label, place) };
  // What prepares a clip asks for its bytes several times in a row.
  let kept: WeakRef<Blob> | undefined;
  const blob = async (): Promise<Blob> => {
    const inflated = kept?.deref() ?? (await inflatedBlob(label, place));
    kept = new WeakRef(inflated);
    return inflated;
  };
  return { path, size, blob };
}

/** A file's name and extra field stand before its bytes once more, and may be of other lengths than in the directory. */
async function storedBlob(label: string, { blob, entry }: Place): Promise<Blob> {
  const header = await blobSource(blob).slice(entry.offset, entry.offset + LOCAL_HEADER_BYTES);
  const view = new DataView(header.buffer);
  const isHeader = header.length === LOCAL_HEADER_BYTES && view.getUint32(0, true) === LOCAL_SIGNATURE;
  const start = isHeader
    ? entry.offset + LOCAL_HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true)
    : Number.POSITIVE_INFINITY;
  if (start + entry.uncompressedSize > blob.size)
    throw damaged(label, 'its bytes are not where they should be');
  return blob.slice(start, start + entry.uncompressedSize);
}

async function inflatedBlob(label: string, { entry }: Place): Promise<Blob> {
  if (entry.uncompressedSize > MOST_INFLATED_BYTES) {
    throw new InputError(
      `${label}: found ${entry.uncompressedSize} bytes, compressed; at most ${MOST_INFLATED_BYTES} are unpacked in memory.`,
      { hint: UNPACK },
    );
  }
  const { BlobWriter } = await zipLibrary();
  try {
    return await entry.getData(new BlobWriter(), { useWebWorkers: false, checkSignature: true });
  } catch (cause) {
    throw damaged(label, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function damaged(label: string, reason: string, cause?: unknown): InputError {
  return new InputError(`${label}: found a damaged file in the archive (${reason}), expected a whole one.`, {
    hint: 'Download or copy the archive again.',
    ...(cause === undefined ? {} : { cause }),
  });
}
