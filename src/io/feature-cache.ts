import { blobSource } from './bytes.ts';
import { f32ToBytes } from './dtype.ts';
import { openSafetensors } from './safetensors.ts';
import { safetensorsParts, type TensorToWrite } from './safetensors-write.ts';

/** Named arrays of one clip. */
export type FeatureArrays = Readonly<Record<string, Float32Array>>;

/** Short facts about a clip. */
export type Notes = Readonly<Record<string, string>>;

/** What encoders made of clips, kept under keys that name clip and encoder. Values are kept in 16 bits (F16). */
export interface FeatureCache {
  /** What was noted with the arrays, read without them; undefined when there is nothing under the key. */
  notes(key: string): Promise<Notes | undefined>;
  /** Undefined when there is nothing whole under the key. */
  get(key: string): Promise<FeatureArrays | undefined>;
  put(key: string, arrays: FeatureArrays, notes?: Notes): Promise<void>;
}

/** Largest finite F16. */
const F16_MAX = 65504;

/** A features file: one F16 tensor an array. Values beyond F16's range are moved to its ends. */
function encode(arrays: FeatureArrays, notes: Notes): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const tensors = Object.entries(arrays).map(
    ([name, values]): TensorToWrite => ({
      name,
      dtype: 'F16',
      shape: [values.length],
      bytes: () =>
        f32ToBytes(
          'F16',
          values.map((value) => Math.max(-F16_MAX, Math.min(F16_MAX, value))),
        ),
    }),
  );
  return safetensorsParts(tensors, notes);
}

async function decode(file: Blob, key: string): Promise<FeatureArrays> {
  const source = await openSafetensors(blobSource(file), key);
  const arrays: Record<string, Float32Array> = {};
  for (const name of source.names()) arrays[name] = await source.float32(name);
  return arrays;
}

async function notesOf(file: Blob, key: string): Promise<Notes> {
  return (await openSafetensors(blobSource(file), key)).metadata;
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
    put: async (key, arrays, notes = {}) => {
      const parts: BlobPart[] = [];
      for await (const part of encode(arrays, notes)) parts.push(part);
      files.set(key, new Blob(parts));
    },
  };
}

/** A cache in a folder, a file a clip. A file appears whole or not at all: it is moved into place when it is closed. */
export function folderFeatureCache(folder: FileSystemDirectoryHandle): FeatureCache {
  const open = async (key: string): Promise<Blob | undefined> => {
    try {
      return await (await folder.getFileHandle(`${key}.safetensors`)).getFile();
    } catch {
      return undefined;
    }
  };
  return {
    notes: async (key) => {
      const file = await open(key);
      return file && notesOf(file, key).catch(() => undefined);
    },
    get: async (key) => {
      const file = await open(key);
      if (!file) return undefined;
      // A damaged file is as good as none: the clip is encoded again and the file replaced.
      return decode(file, key).catch(() => undefined);
    },
    put: async (key, arrays, notes = {}) => {
      const handle = await folder.getFileHandle(`${key}.safetensors`, { create: true });
      const stream = await handle.createWritable();
      try {
        for await (const part of encode(arrays, notes)) await stream.write(part);
        await stream.close();
      } catch (error) {
        await stream.abort().catch(() => undefined);
        await folder.removeEntry(`${key}.safetensors`).catch(() => undefined);
        throw error;
      }
    },
  };
}

/** The browser's own cache, kept between visits; in memory where the browser offers no private files. */
export async function openFeatureCache(): Promise<FeatureCache> {
  try {
    const root = await navigator.storage.getDirectory();
    return folderFeatureCache(await root.getDirectoryHandle('features', { create: true }));
  } catch {
    return memoryFeatureCache();
  }
}
