/** A dropped or chosen folder as a flat list of files with paths, and what kind of thing it is. */
import { isMedia } from '../../protocol/clip-types.ts';
import type { SourceFile } from '../../protocol/messages.ts';

/** The parts of the entries API that a walk needs. */
type Entry = FileSystemEntry &
  Partial<Pick<FileSystemFileEntry, 'file'> & Pick<FileSystemDirectoryEntry, 'createReader'>>;

/**
 * All files of a drop, folders walked to the bottom. The browser forgets a drop's items after the handler's first
 * await, so the entries are taken before anything else happens.
 */
export function filesOfDrop(transfer: Pick<DataTransfer, 'items'>): Promise<SourceFile[]> {
  const entries = [...transfer.items].flatMap((item) =>
    item.kind === 'file' ? (item.webkitGetAsEntry() ?? []) : [],
  );
  return walkAll(entries);
}

/** The files of an `<input type=file>`, with or without `webkitdirectory`. */
export function filesOfInput(files: Iterable<File>): SourceFile[] {
  return [...files]
    .filter(({ name }) => isWanted(name))
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** All files of a folder that the page has the handle of. */
export async function filesOfFolder(folder: FileSystemDirectoryHandle): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const walkHandle = async (inside: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const [name, handle] of inside.entries()) {
      if (!isWanted(name)) continue;
      if (handle.kind === 'directory')
        await walkHandle(handle as FileSystemDirectoryHandle, `${path}/${name}`);
      else files.push({ path: `${path}/${name}`, file: await (handle as FileSystemFileHandle).getFile() });
    }
  };
  await walkHandle(folder, folder.name);
  return files;
}

async function walkAll(entries: readonly Entry[]): Promise<SourceFile[]> {
  const nested = await Promise.all(entries.filter(({ name }) => isWanted(name)).map(walk));
  return nested.flat();
}

async function walk(entry: Entry): Promise<SourceFile[]> {
  if (entry.isDirectory) return walkAll(await childrenOf(entry));
  const file = await new Promise<File>((resolve, reject) => entry.file?.(resolve, reject));
  return [{ path: entry.fullPath.replace(/^\//, ''), file }];
}

/** A reader hands out at most a hundred entries at a time, and an empty list at the end. */
async function childrenOf(directory: Entry): Promise<Entry[]> {
  const reader = directory.createReader?.();
  const children: Entry[] = [];
  while (reader) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (batch.length === 0) break;
    children.push(...batch);
  }
  return children;
}

/** Not the files that systems leave behind. */
function isWanted(name: string): boolean {
  return !name.startsWith('.') && name !== '__MACOSX' && name !== 'Thumbs.db';
}

/**
 * Splits files into a model's and a data set's. A folder with config.json (or an adapter's) beside *.safetensors is a model's, with all
 * below it; where such a folder exists and nothing else holds clips or a list of rows, everything belongs to the model (towers
 * apart, tokenizer files and the like).
 */
export function sortFiles(files: readonly SourceFile[]): { model: SourceFile[]; data: SourceFile[] } {
  const folders = modelFolders(files);
  if (folders.length === 0) return { model: [], data: [...files] };
  const isModel = ({ path }: SourceFile) =>
    folders.some((folder) => folder === '' || path.startsWith(`${folder}/`));
  const rest = files.filter((file) => !isModel(file));
  if (!rest.some(({ path }) => isMedia(path) || isList(path))) return { model: [...files], data: [] };
  return { model: files.filter(isModel), data: rest };
}

/** Lists of rows that no model's folder has; JSON it has. */
const isList = (path: string): boolean => /\.(jsonl|csv|tsv|parquet|xlsx)$/i.test(path);

function modelFolders(files: readonly SourceFile[]): string[] {
  const withWeights = new Set(
    files.filter(({ path }) => path.endsWith('.safetensors')).map(({ path }) => folderOf(path)),
  );
  const withConfig = files
    .filter(({ path }) => /(^|\/)(adapter_)?config\.json$/.test(path))
    .map(({ path }) => folderOf(path));
  return withConfig.filter((folder) => withWeights.has(folder));
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}
