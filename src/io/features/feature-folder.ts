import { fileIn } from '../files/found.ts';

const EXTENSION = '.safetensors';
/** When each file was last asked for, in milliseconds since 1970: the file system itself tells only of writing. */
const USES = 'uses.json';

interface Entry {
  readonly bytes: number;
  readonly used: number;
}

/**
 * Files under keys, with a budget: where a new one does not fit, those go that were not used for longest. What was asked for
 * since the last `release` stays, even beyond the budget, because a run that is under way needs it in every epoch.
 */
export class FeatureFolder {
  readonly #directory: FileSystemDirectoryHandle;
  readonly #budget: number;
  /** Keys asked for since the last release. */
  readonly #inUse = new Set<string>();
  /** When keys were asked for in this visit. */
  readonly #used = new Map<string, number>();
  #listed?: Promise<Map<string, Entry>>;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(directory: FileSystemDirectoryHandle, budget: number) {
    this.#directory = directory;
    this.#budget = budget;
  }

  async open(key: string): Promise<Blob | undefined> {
    const file = await this.#fileOf(key + EXTENSION);
    if (file) this.#touch(key);
    return file;
  }

  /** One at a time: each looks how much room there is. */
  async write(key: string, content: Blob): Promise<void> {
    const written = this.#writing.then(() => this.#write(key, content));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #write(key: string, content: Blob): Promise<void> {
    this.#touch(key);
    const entries = await this.#entries();
    await this.#makeRoom(entries, this.#budget - content.size);
    try {
      await this.#put(key + EXTENSION, content);
    } catch (error) {
      // The browser may grant less than it said: as many bytes have to go as come, or none can be written.
      const before = sum(entries);
      await this.#makeRoom(entries, before - content.size);
      if (sum(entries) === before) throw error;
      await this.#put(key + EXTENSION, content);
    }
    entries.set(key, { bytes: content.size, used: Date.now() });
  }

  /** Removes what was not used for longest until at most `bytes` are left, or only what is in use. */
  async #makeRoom(entries: Map<string, Entry>, bytes: number): Promise<void> {
    let left = sum(entries);
    if (left <= bytes) return;
    const usedAt = (key: string, { used }: Entry) => this.#used.get(key) ?? used;
    const oldestFirst = [...entries].sort((a, b) => usedAt(...a) - usedAt(...b));
    for (const [key, entry] of oldestFirst) {
      if (left <= bytes) return;
      if (this.#inUse.has(key)) continue;
      await this.#directory.removeEntry(key + EXTENSION).catch(() => undefined);
      entries.delete(key);
      left -= entry.bytes;
    }
  }

  /** What lies in the folder. It is listed once a visit; what other tabs do meanwhile is not seen. */
  #entries(): Promise<Map<string, Entry>> {
    this.#listed ??= this.#list();
    return this.#listed;
  }

  async #list(): Promise<Map<string, Entry>> {
    const uses = await this.#uses();
    const entries = new Map<string, Entry>();
    for await (const [name] of this.#directory.entries()) {
      if (!name.endsWith(EXTENSION)) continue;
      const file = await this.#fileOf(name);
      const key = name.slice(0, -EXTENSION.length);
      if (file) entries.set(key, { bytes: file.size, used: uses.get(key) ?? file.lastModified });
    }
    return entries;
  }

  /** When keys were last asked for, in this visit and in earlier ones. */
  async #uses(): Promise<Map<string, number>> {
    const uses = new Map<string, number>();
    try {
      const kept: unknown = JSON.parse((await (await this.#fileOf(USES))?.text()) ?? '{}');
      for (const [key, used] of Object.entries(kept ?? {})) if (typeof used === 'number') uses.set(key, used);
    } catch {
      // Without it the age of the files decides.
    }
    for (const [key, used] of this.#used) uses.set(key, Math.max(used, uses.get(key) ?? 0));
    return uses;
  }

  async settle(): Promise<void> {
    if (this.#budget === Number.POSITIVE_INFINITY || this.#used.size === 0) return;
    const [there, used] = [await this.#entries(), await this.#uses()];
    const uses = Object.fromEntries([...used].filter(([key]) => there.has(key)));
    // It only helps to choose well: where it cannot be written, the age of the files decides.
    await this.#put(USES, new Blob([JSON.stringify(uses)])).catch(() => undefined);
  }

  release(): void {
    this.#inUse.clear();
  }

  #touch(key: string): void {
    this.#inUse.add(key);
    this.#used.set(key, Date.now());
  }

  async #fileOf(name: string): Promise<File | undefined> {
    return fileIn(this.#directory, name).catch(() => undefined);
  }

  async #put(name: string, content: Blob): Promise<void> {
    const handle = await this.#directory.getFileHandle(name, { create: true });
    const stream = await handle.createWritable();
    try {
      await stream.write(content);
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => undefined);
      await this.#directory.removeEntry(name).catch(() => undefined);
      throw error;
    }
  }
}

function sum(entries: ReadonlyMap<string, Entry>): number {
  return [...entries.values()].reduce((total, { bytes }) => total + bytes, 0);
}
