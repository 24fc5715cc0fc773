/** Files in memory instead of in the browser's file system, with a device that can be full. */
import type { FileSize, FileStore } from '../../src/io/writing/file-store.ts';
import { InputError } from '../../src/math/errors.ts';

export class MemoryStore implements FileStore {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  /** Bytes that still fit. */
  room = Number.POSITIVE_INFINITY;

  async list(folder: string): Promise<string[]> {
    const below = [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`));
    return [...new Set(below.map((path) => path.slice(folder.length + 1).split('/')[0]!))].sort();
  }

  async sizes(folder: string): Promise<FileSize[]> {
    const below = [...this.files].filter(([path]) => path.startsWith(`${folder}/`));
    return below.map(([path, { byteLength }]) => ({
      path: path.slice(folder.length + 1),
      bytes: byteLength,
    }));
  }

  async read(path: string): Promise<Blob | undefined> {
    const bytes = this.files.get(path);
    if (!bytes && (await this.list(path)).length > 0) throw new InputError(`${path} is a folder.`);
    return bytes && new Blob([bytes]);
  }

  async create(path: string) {
    this.room += this.files.get(path)?.byteLength ?? 0;
    this.files.set(path, new Uint8Array(0));
    return { write: (bytes: Uint8Array<ArrayBuffer>) => this.#add(path, bytes), close: () => undefined };
  }

  async writeFrom(path: string, at: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const before = this.files.get(path) ?? new Uint8Array(0);
    if (before.byteLength < at) return false;
    this.room += before.byteLength - at;
    this.files.set(path, before.slice(0, at));
    this.#add(path, bytes);
    return true;
  }

  /** What does not fit is left out, as on a device that fills up in the middle of a write. */
  #add(path: string, bytes: Uint8Array<ArrayBuffer>): void {
    const before = this.files.get(path) ?? new Uint8Array(0);
    const fits = bytes.subarray(0, Math.min(bytes.byteLength, this.room));
    const after = new Uint8Array(before.byteLength + fits.byteLength);
    after.set(before);
    after.set(fits, before.byteLength);
    this.files.set(path, after);
    this.room -= fits.byteLength;
    if (fits.byteLength < bytes.byteLength)
      throw new DOMException('The device is full.', 'QuotaExceededError');
  }

  async truncate(path: string, bytes: number): Promise<void> {
    this.files.set(path, this.files.get(path)!.slice(0, bytes));
  }

  async remove(path: string): Promise<void> {
    for (const name of this.files.keys()) {
      if (name !== path && !name.startsWith(`${path}/`)) continue;
      this.room += this.files.get(name)!.byteLength;
      this.files.delete(name);
    }
  }

  async text(path: string): Promise<string | undefined> {
    return (await this.read(path))?.text();
  }

  put(path: string, text: string): void {
    this.files.set(path, new TextEncoder().encode(text));
  }
}
