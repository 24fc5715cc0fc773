/**
 * A stored run as one zip archive: its folder as it lies there, and a `manifest.json` with the size and SHA-256 of every file. Unpacked,
 * each file is compared with both while it is written; what is not as it was written is named, and nothing of the run is kept then.
 */
import { createSHA256 } from 'hash-wasm';
import { openZip } from '../../io/containers/zip.ts';
import type { FileEntry } from '../../io/files/files.ts';
import { parseJsonObject } from '../../io/json/json.ts';
import { withManifest } from '../../io/sealed/manifest.ts';
import { writeFile } from '../../io/sealed/record.ts';
import type { FileStore } from '../../io/writing/file-store.ts';
import type { FileToWrite } from '../../io/writing/file-to-write.ts';
import { InputError } from '../../math/errors.ts';
import { z } from '../../protocol/shapes.ts';
import { STUDIO_VERSION } from '../export/version.ts';
import type { Report } from '../progress.ts';

const MANIFEST = 'manifest.json';
/** Version of the archive's layout. */
const ARCHIVE_FORMAT = 1;
/** Longer than any manifest of a run. */
const MOST_MANIFEST_BYTES = 32 << 20;
const MOST_FILES = 100_000;
const PIECE_BYTES = 4 << 20;
/** Lies in a folder that is not written to its end (src/io/sealed/sealed.ts). */
const UNFINISHED = 'unfinished';
/** What makes a folder whole is written last. */
const SEALS = ['manifest.json', 'manifest.copy.json'];

const manifest = z.object({
  studioRun: z.literal(ARCHIVE_FORMAT),
  id: z.string().regex(/^\w[\w-]{0,100}$/, 'expected the id of a run'),
  files: z
    .array(
      z.object({
        // Up to two folders deep, as a run's files lie; nothing that leads elsewhere or hides.
        path: z.string().regex(/^(\w[\w.-]{0,200}\/){1,3}\w[\w.-]{0,200}$/, 'expected a file of a run'),
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256'),
      }),
    )
    .min(1)
    .max(MOST_FILES),
});
type Manifest = z.infer<typeof manifest>;
type Listed = Manifest['files'][number];

/** The files of a run, whose paths begin with its id, and what they are to be compared with. */
export const archived = (id: string, files: readonly FileToWrite[]): FileToWrite[] =>
  withManifest(files, { studioRun: ARCHIVE_FORMAT, id, studio: STUDIO_VERSION });

/** An archive that was looked into. */
export interface OpenArchive {
  readonly id: string;
  /** Writes the run's files below a folder. @throws InputError naming the file that is not as it was written */
  unpack(store: FileStore, runs: string, report: Report): Promise<void>;
}

/** @throws InputError for what is no archive of a run, or one that lacks files or holds others */
export async function openArchive(name: string, blob: Blob): Promise<OpenArchive> {
  const { files, refused } = await openZip({ path: name, blob: async () => blob }, () => undefined);
  const [first] = refused;
  if (first) throw first.error;
  const found = new Map(files.map((file) => [file.path, file]));
  const { id, files: listed } = await readManifest(name, found.get(MANIFEST));
  found.delete(MANIFEST);
  for (const { path } of listed) {
    if (!path.startsWith(`${id}/`))
      throw damaged(`${name}: its manifest names ${path}, which is no file of ${id}.`);
    if (!found.delete(path)) throw damaged(`${name}: ${path} is missing, or named twice.`);
  }
  const [stray] = found.keys();
  if (stray !== undefined) throw damaged(`${name}: it holds ${stray}, which its manifest does not name.`);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const entries = listed.map((each): Packed => ({ ...each, file: byPath.get(each.path)! }));
  return { id, unpack: (store, runs, report) => unpack({ name, entries, store, runs, report }) };
}

async function readManifest(name: string, entry: FileEntry | undefined): Promise<Manifest> {
  const hint =
    'Take a file that "Save as a file" on the Runs screen made; those of earlier versions have no manifest.';
  if (!entry)
    throw new InputError(`${name}: it holds no ${MANIFEST}; expected the archive of a run.`, { hint });
  const blob = await entry.blob();
  if (blob.size > MOST_MANIFEST_BYTES) {
    throw new InputError(
      `${name}: its ${MANIFEST} has ${blob.size} bytes; expected ${MOST_MANIFEST_BYTES} at most.`,
    );
  }
  const { data, error } = manifest.safeParse(parseJsonObject(await blob.text(), `${name}: ${MANIFEST}`));
  if (data) return data;
  const [issue] = error.issues;
  throw new InputError(`${name}: ${MANIFEST}: ${issue?.path.join('.') || 'it'}: ${issue?.message}.`, {
    hint,
  });
}

interface Packed extends Listed {
  readonly file: FileEntry;
}

interface Unpacking {
  readonly name: string;
  readonly entries: readonly Packed[];
  readonly store: FileStore;
  readonly runs: string;
  readonly report: Report;
}

/** A copy that breaks off leaves sealed folders that are known as unfinished: the next look at the runs clears them away. */
async function unpack({ name, entries, store, runs, report }: Unpacking): Promise<void> {
  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
  const isSeal = ({ path }: Packed): boolean => SEALS.includes(path.slice(path.lastIndexOf('/') + 1));
  const sealed = [...new Set(entries.filter(isSeal).map(({ path }) => folderOf(path)))].filter(
    (folder) => !entries.some(({ path }) => path === `${folder}/${UNFINISHED}`),
  );
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const wrote = (bytes: number): void => {
    done += bytes;
    report(done, total);
  };
  for (const folder of sealed) await writeFile(store, `${runs}/${folder}/${UNFINISHED}`, new Uint8Array(0));
  for (const entry of entries)
    if (!isSeal(entry)) await write(name, entry, store, `${runs}/${entry.path}`, wrote);
  for (const entry of entries)
    if (isSeal(entry)) await write(name, entry, store, `${runs}/${entry.path}`, wrote);
  for (const folder of sealed) await store.remove(`${runs}/${folder}/${UNFINISHED}`);
}

async function write(
  name: string,
  { path, bytes, sha256, file }: Packed,
  store: FileStore,
  to: string,
  wrote: (bytes: number) => void,
): Promise<void> {
  if (file.size !== bytes)
    throw damaged(`${name}: ${path} is ${file.size} bytes long, expected ${bytes} by the manifest.`);
  const blob = await file.blob();
  const hash = await createSHA256();
  const writer = await store.create(to);
  try {
    for (let at = 0; at < blob.size; at += PIECE_BYTES) {
      const piece = new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer());
      writer.write(piece);
      hash.update(piece);
      wrote(piece.byteLength);
    }
  } finally {
    writer.close();
  }
  const found = hash.digest();
  if (found !== sha256) throw damaged(`${name}: the SHA-256 of ${path} is ${found}, expected ${sha256}.`);
}

const damaged = (message: string): InputError =>
  new InputError(message, {
    hint: 'The archive was damaged or changed: copy it again from where the run is kept. Nothing of it was kept here.',
  });
