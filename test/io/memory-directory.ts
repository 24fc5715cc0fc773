/**
 * OPFS as far as the studio uses it, in memory: Node has none. What is written by a sync access handle is there at once;
 * what is written to a stream is there when it is closed; a file that is open for writing cannot be opened again.
 */
type Entry = MemoryDirectory | MemoryFile;

/** The most bytes that a file of a name may have just now. */
type Room = (name: string) => number;

function missing(name: string): DOMException {
  return new DOMException(`There is no ${name}.`, 'NotFoundError');
}

class MemoryFile {
  readonly kind = 'file';
  readonly name: string;
  #bytes = new Uint8Array(0);
  #locked = false;
  #room: Room;

  constructor(name: string, room: Room) {
    this.name = name;
    this.#room = room;
  }

  async getFile(): Promise<File> {
    return new File([this.#bytes], this.name);
  }

  async createWritable() {
    const parts: BlobPart[] = [];
    return {
      write: async (part: BlobPart) => void parts.push(part),
      close: async () => {
        const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
        if (bytes.length > this.#room(this.name)) throw new DOMException('No room.', 'QuotaExceededError');
        this.#bytes = bytes;
      },
      abort: async () => undefined,
    };
  }

  async createSyncAccessHandle() {
    if (this.#locked) throw new DOMException('The file is open.', 'NoModificationAllowedError');
    this.#locked = true;
    return {
      write: (bytes: Uint8Array, { at }: { at: number }) => {
        if (at + bytes.length > this.#room(this.name))
          throw new DOMException('No room.', 'QuotaExceededError');
        this.#resize(Math.max(this.#bytes.length, at + bytes.length));
        this.#bytes.set(bytes, at);
        return bytes.length;
      },
      truncate: (size: number) => this.#resize(size),
      getSize: () => this.#bytes.length,
      flush: () => undefined,
      close: () => {
        this.#locked = false;
      },
    };
  }

  #resize(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.#bytes.subarray(0, size));
    this.#bytes = next;
  }
}

class MemoryDirectory {
  readonly kind = 'directory';
  readonly name: string;
  readonly #entries = new Map<string, Entry>();
  readonly #room: Room;

  constructor(name: string, room: Room) {
    this.name = name;
    this.#room = room;
  }

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<MemoryDirectory> {
    const found = this.#entries.get(name) ?? (create ? new MemoryDirectory(name, this.#room) : undefined);
    if (!(found instanceof MemoryDirectory)) throw missing(name);
    this.#entries.set(name, found);
    return found;
  }

  async getFileHandle(name: string, { create = false } = {}): Promise<MemoryFile> {
    const found = this.#entries.get(name) ?? (create ? new MemoryFile(name, this.#room) : undefined);
    if (!(found instanceof MemoryFile)) throw missing(name);
    this.#entries.set(name, found);
    return found;
  }

  async removeEntry(name: string): Promise<void> {
    if (!this.#entries.delete(name)) throw missing(name);
  }

  async *entries(): AsyncGenerator<[string, Entry]> {
    yield* this.#entries;
  }
}

/** An empty folder; a file in it takes at most `room(its name)` bytes. */
export function memoryDirectory(room: Room = () => Number.POSITIVE_INFINITY): FileSystemDirectoryHandle {
  return new MemoryDirectory('', room) as unknown as FileSystemDirectoryHandle;
}
