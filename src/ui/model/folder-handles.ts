/** Folders the browser lets the page read again: picked, dropped, asked for anew. The DOM types know none of this yet. */

type Handle = FileSystemDirectoryHandle;
interface Picking {
  showDirectoryPicker?(options: { id: string }): Promise<Handle>;
}
interface Dropping {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}
type Mode = 'read' | 'readwrite';
interface Permitting {
  requestPermission?(options: { mode: Mode }): Promise<PermissionState>;
}

export function canPickFolder(): boolean {
  return (window as Picking).showDirectoryPicker !== undefined;
}

/** The folder the person picks, beginning where one of its kind was picked last; undefined when they change their mind. */
export async function pickFolder(kind: 'model' | 'data' | 'reward'): Promise<Handle | undefined> {
  try {
    return await (window as Picking).showDirectoryPicker?.({ id: kind });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    throw error;
  }
}

/**
 * The one folder of a drop, if it is one and the browser gives its handle: a drop is read without it just as well. To be
 * called before anything is awaited: the browser forgets the items.
 */
export async function folderOfDrop({ items }: Pick<DataTransfer, 'items'>): Promise<Handle | undefined> {
  const [item] = items as Iterable<DataTransferItem & Dropping>;
  if (items.length !== 1) return undefined;
  const handle = await item?.getAsFileSystemHandle?.().catch(() => null);
  return handle?.kind === 'directory' ? (handle as Handle) : undefined;
}

/** Asks the person whether a folder of an earlier visit may be used again; to be called from a click. */
export async function mayUse(folder: Handle, mode: Mode): Promise<boolean> {
  const answer = await (folder as Handle & Permitting).requestPermission?.({ mode });
  return answer === undefined || answer === 'granted';
}
