/** A directory handle in memory that behaves as browsers' do: a file under writing is empty until its stream is closed. */
export interface MemoryFolder {
  readonly handle: FileSystemDirectoryHandle;
  /** Contents by path. */
  files(): Map<string, Uint8Array>;
}

const missing = (name: string) => new DOMException(`${name} is not here`, 'NotFoundError');

export function memoryFolder(name: string, quota = Number.POSITIVE_INFINITY): MemoryFolder {
  const files = new Map<string, Uint8Array>();
  const handle = directory(name, '', files, quota) as FileSystemDirectoryHandle;
  return { handle, files: () => files };
}

function directory(name: string, prefix: string, files: Map<string, Uint8Array>, quota: number): unknown {
  return {
    kind: 'directory',
    name,
    async getDirectoryHandle(child: string, options: { create?: boolean } = {}) {
      const inside = `${prefix}${child}/`;
      if (!options.create && ![...files.keys()].some((path) => path.startsWith(inside))) throw missing(child);
      return directory(child, inside, files, quota);
    },
    async getFileHandle(child: string, options: { create?: boolean } = {}) {
      const path = prefix + child;
      if (!files.has(path)) {
        if (!options.create) throw missing(child);
        files.set(path, new Uint8Array());
      }
      return fileHandle(path, files, quota);
    },
    async removeEntry(child: string) {
      if (!files.delete(prefix + child)) throw missing(child);
    },
  };
}

function fileHandle(path: string, files: Map<string, Uint8Array>, quota: number): unknown {
  return {
    kind: 'file',
    name: path,
    getFile: async () => new File([files.get(path)! as Uint8Array<ArrayBuffer>], path),
    async createWritable() {
      const pieces: Uint8Array[] = [];
      return {
        async write(piece: Uint8Array) {
          pieces.push(piece.slice());
          if (pieces.reduce((sum, { length }) => sum + length, 0) > quota)
            throw new DOMException('full', 'QuotaExceededError');
        },
        close: async () => void files.set(path, new Uint8Array(Buffer.concat(pieces))),
        abort: async () => pieces.splice(0),
      };
    },
  };
}
