import { FEATURE_SHARE } from '../../math/limits.ts';
import { blobSource } from '../files/bytes.ts';
import { sha256 } from '../sealed/hash.ts';
import { f32ToBytes } from '../tensors/dtype.ts';
import { openSafetensors } from '../tensors/safetensors.ts';
import { safetensorsParts, type TensorToWrite } from '../tensors/safetensors-write.ts';
import { FeatureFolder } from './feature-folder.ts';

/** Named arrays of one clip. */
export type FeatureArrays = Readonly<Record<string, Float32Array>>;

/** Short facts about a clip. */
export type Notes = Readonly<Record<string, string>>;

/**
 * What encoders made of clips, kept under keys that name clip and encoder. Values are kept in 16 bits (F16), with a checksum:
 * an entry that was damaged is as good as none.
 */
export interface FeatureCache {
  /** What was noted with the arrays, read without them; undefined when there is nothing under the key. */
  notes(key: string): Promise<Notes | undefined>;
  /** Undefined when there is nothing whole under the key. */
  get(key: string): Promise<FeatureArrays | undefined>;
  /** @throws RangeError for a value that is not finite */
  put(key: string, arrays: FeatureArrays, notes?: Notes): Promise<void>;
  /** Writes down what was used when, for later visits. */
  settle(): Promise<void>;
  /** From now on what was used so far may make room for others. */
  release(): void;
}

/** Largest finite F16. */
const F16_MAX = 65504;
/** Names in the file's metadata that are not notes: SHA-256 of the notes, and of everything. */
const [NOTES_SUM, WHOLE_SUM] = ['sha256 of notes', 'sha256'] as const;

/** A tensor of a features file. */
interface Stored {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const sumOfNotes = (notes: Notes): Promise<string> => sha256(JSON.stringify(Object.entries(notes).sort()));

async function sumOf(notes: Notes, tensors: readonly Stored[]): Promise<string> {
  const lines = [await sumOfNotes(notes)];
  for (const { name, bytes } of tensors) lines.push(`${JSON.stringify(name)} ${await sha256(bytes)}`);
  return sha256(lines.sort().join('\n'));
}

/** The values in 16 bits; those beyond F16's range are moved to its ends. @throws RangeError for one that is not finite */
function halves(name: string, values: Float32Array): Uint8Array<ArrayBuffer> {
  const broken = values.find((value) => !Number.isFinite(value));
  if (broken !== undefined) throw new RangeError(`FeatureCache: ${name} holds ${broken}, expected numbers.`);
  return f32ToBytes(
    'F16',
    values.map((value) => Math.max(-F16_MAX, Math.min(F16_MAX, value))),
  );
}

/** A features file: one F16 tensor an array. */
async function encode(arrays: FeatureArrays, notes: Notes): Promise<Blob> {
  const stored = Object.entries(arrays).map(
    ([name, values]): Stored => ({ name, bytes: halves(name, values) }),
  );
  const tensors = stored.map(
    ({ name, bytes }): TensorToWrite => ({
      ...{ name, dtype: 'F16', shape: [bytes.length / 2] },
      bytes: () => bytes,
    }),
  );
  const metadata = {
    ...notes,
    [NOTES_SUM]: await sumOfNotes(notes),
    [WHOLE_SUM]: await sumOf(notes, stored),
  };
  const parts: BlobPart[] = [];
  for await (const part of safetensorsParts(tensors, metadata)) parts.push(part);
  return new Blob(parts);
}

/** Undefined where what is read is not what was written. */
async function decode(file: Blob, key: string): Promise<FeatureArrays | undefined> {
  const source = await openSafetensors(blobSource(file), key);
  const { [NOTES_SUM]: _, [WHOLE_SUM]: sum, ...notes } = source.metadata;
  const stored: Stored[] = [];
  for (const name of source.names()) stored.push({ name, bytes: await source.bytes(name) });
  if ((await sumOf(notes, stored)) !== sum) return undefined;
  const arrays: Record<string, Float32Array> = {};
  for (const name of source.names()) arrays[name] = await source.float32(name);
  return arrays;
}

async function notesOf(file: Blob, key: string): Promise<Notes | undefined> {
  const { metadata } = await openSafetensors(blobSource(file), key);
  const { [NOTES_SUM]: sum, [WHOLE_SUM]: _, ...notes } = metadata;
  return (await sumOfNotes(notes)) === sum ? notes : undefined;
}

/** A cache in memory: for where there is no disk, and for tests. */
export function memoryFeatureCache(): FeatureCache {
  const files = new Map<string, Blob>();
  return {
    notes: async (key) => {
      const file = files.get(key);
      return file && notesOf(file, key);
    },
    get: async (key) => {
      const file = files.get(key);
      return file && decode(file, key);
    },
    put: async (key, arrays, notes = {}) => void files.set(key, await encode(arrays, notes)),
    settle: async () => undefined,
    release: () => undefined,
  };
}

/**
 * A cache in a folder, a file a clip. A file appears whole or not at all: it is moved into place when it is closed. Beyond
 * `budget` bytes the least recently used make room, but none that is used at present.
 */
export function folderFeatureCache(
  directory: FileSystemDirectoryHandle,
  budget = Number.POSITIVE_INFINITY,
): FeatureCache {
  const folder = new FeatureFolder(directory, budget);
  /** A damaged file is as good as none: the clip is encoded again and the file replaced. */
  const reading = async <T>(key: string, read: (file: Blob, key: string) => Promise<T>) => {
    const file = await folder.open(key);
    return file && read(file, key).catch(() => undefined);
  };
  return {
    notes: (key) => reading(key, notesOf),
    get: (key) => reading(key, decode),
    put: async (key, arrays, notes = {}) => folder.write(key, await encode(arrays, notes)),
    settle: () => folder.settle(),
    release: () => folder.release(),
  };
}

/** The browser's own cache, kept between visits; in memory where the browser offers no private files. */
export async function openFeatureCache(): Promise<FeatureCache> {
  try {
    const root = await navigator.storage.getDirectory();
    const { quota = Number.POSITIVE_INFINITY } = await navigator.storage.estimate();
    return folderFeatureCache(
      await root.getDirectoryHandle('features', { create: true }),
      quota * FEATURE_SHARE,
    );
  } catch {
    return memoryFeatureCache();
  }
}
