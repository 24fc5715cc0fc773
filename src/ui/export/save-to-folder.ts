/** Writes exported files into a folder the person picks, with their folders; where the browser offers that. */
import type { ExportedFile } from '../../protocol/messages.ts';

type Picker = (options: { mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;

function picker(): Picker | undefined {
  return (window as { showDirectoryPicker?: Picker }).showDirectoryPicker?.bind(window);
}

export function canSaveToFolder(): boolean {
  return picker() !== undefined;
}

/** @returns what happened, for the person; an empty text when they changed their mind. */
export async function saveToFolder(files: readonly ExportedFile[]): Promise<string> {
  try {
    const folder = await picker()?.({ mode: 'readwrite' });
    if (!folder) return '';
    for (const { name, blob } of files) await writeFile(folder, name.split('/'), blob);
    return `${files.length} files saved to ${folder.name}`;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return '';
    return error instanceof Error ? error.message : String(error);
  }
}

async function writeFile(
  root: FileSystemDirectoryHandle,
  path: readonly string[],
  blob: Blob,
): Promise<void> {
  let folder = root;
  for (const name of path.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
  const handle = await folder.getFileHandle(path[path.length - 1] ?? 'file', { create: true });
  const stream = await handle.createWritable();
  await stream.write(blob);
  await stream.close();
}
