import { InputError } from '../../math/errors.ts';
import { parseJsonObject } from '../json/json.ts';
import { refuseMistakenText } from '../json/mistaken.ts';

/** A file that was dropped, chosen or made in memory. Its bytes are read only when `blob()` is called. */
export interface FileEntry {
  /** Path inside the tree, parts joined by '/', no leading '../'. */
  readonly path: string;
  /** Bytes, where they are known without opening the file. */
  readonly size?: number;
  /** Tells its content from another's where the size is not known without reading it. */
  readonly mark?: string;
  blob(): Promise<Blob>;
}

/** A folder as a flat list of its files, sorted by path. */
export interface FileTree {
  readonly name: string;
  readonly files: readonly FileEntry[];
}

type TreeContents = Readonly<Record<string, string | Uint8Array<ArrayBuffer> | Blob>>;

/** A tree from contents in memory: path → text, bytes or Blob. */
export function treeFromMemory(name: string, contents: TreeContents): FileTree {
  const files = Object.entries(contents).map(([path, content]) => ({
    path: cleanPath(path),
    size: sizeOf(content),
    blob: async () => (content instanceof Blob ? content : new Blob([content])),
  }));
  return makeTree(name, files);
}

function sizeOf(content: TreeContents[string]): number {
  if (typeof content === 'string') return new TextEncoder().encode(content).length;
  return content instanceof Blob ? content.size : content.byteLength;
}

/** A tree from files with paths. A top folder that all of them share becomes the tree's name. */
export function treeFromFiles(list: Iterable<{ readonly path: string; readonly file: Blob }>): FileTree {
  const files = [...list].map(({ path, file }) => ({
    path: cleanPath(path),
    size: file.size,
    blob: async () => file,
  }));
  const tops = new Set(files.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  const [top = ''] = tops;
  if (tops.size !== 1 || top === '') return makeTree('files', files);
  return makeTree(
    top,
    files.map((file) => ({ ...file, path: file.path.slice(top.length + 1) })),
  );
}

/** A tree from a directory handle (drag and drop, showDirectoryPicker, OPFS). Hidden files and folders are left out. */
export async function treeFromDirectory(directory: FileSystemDirectoryHandle): Promise<FileTree> {
  const files: FileEntry[] = [];
  await collectHandles(directory, '', files);
  return makeTree(directory.name, files);
}

async function collectHandles(
  directory: FileSystemDirectoryHandle,
  prefix: string,
  files: FileEntry[],
): Promise<void> {
  for await (const [name, handle] of directory.entries()) {
    if (name.startsWith('.')) continue;
    if (isDirectoryHandle(handle)) await collectHandles(handle, `${prefix}${name}/`, files);
    else if (isFileHandle(handle)) files.push({ path: prefix + name, blob: () => handle.getFile() });
  }
}

function isDirectoryHandle(handle: FileSystemHandle): handle is FileSystemDirectoryHandle {
  return handle.kind === 'directory';
}

function isFileHandle(handle: FileSystemHandle): handle is FileSystemFileHandle {
  return handle.kind === 'file';
}

function makeTree(name: string, files: readonly FileEntry[]): FileTree {
  return { name, files: [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)) };
}

/** './a//b' and 'a\b' → 'a/b'. */
export function cleanPath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The extension in lower case without its dot; '' for none. */
export function extension(path: string): string {
  const base = baseName(path);
  const dot = base.lastIndexOf('.');
  return dot <= 0 ? '' : base.slice(dot + 1).toLowerCase();
}

export function findFile(tree: FileTree, path: string): FileEntry | undefined {
  const wanted = cleanPath(path);
  return tree.files.find((file) => file.path === wanted);
}

/** What lies under `folder`, with paths relative to it; undefined when nothing does. `''` is the tree itself. */
export function subtree(tree: FileTree, folder: string): FileTree | undefined {
  const prefix = cleanPath(folder);
  if (prefix === '') return tree;
  const files = tree.files
    .filter((file) => file.path.startsWith(`${prefix}/`))
    .map((file) => ({ ...file, path: file.path.slice(prefix.length + 1) }));
  return files.length === 0 ? undefined : { name: baseName(prefix), files };
}

/** Text of a file that may be absent. Throws InputError where a pointer or a web page lies in its place. */
export async function readTextIfThere(tree: FileTree, path: string): Promise<string | undefined> {
  const file = findFile(tree, path);
  const blob = await file?.blob();
  if (blob && blob.size > MOST_TEXT_BYTES) {
    throw new InputError(
      `${tree.name}/${path}: found ${blob.size} bytes, expected at most ${MOST_TEXT_BYTES} of text.`,
      { hint: 'Check that this is the file that its name says.' },
    );
  }
  const text = await blob?.text();
  if (text !== undefined) refuseMistakenText(text, `${tree.name}/${path}`);
  return text;
}

/** Longer texts than this do not fit into an engine's strings. */
const MOST_TEXT_BYTES = 2 ** 28;

/** JSON object of a file that may be absent. Throws InputError when it is there but is not a JSON object. */
export async function readJsonIfThere(
  tree: FileTree,
  path: string,
): Promise<Record<string, unknown> | undefined> {
  const text = await readTextIfThere(tree, path);
  return text === undefined ? undefined : parseJsonObject(text, `${tree.name}/${path}`);
}

/** JSON object of a file that must be there. */
export async function readJson(tree: FileTree, path: string): Promise<Record<string, unknown>> {
  const value = await readJsonIfThere(tree, path);
  if (value) return value;
  throw new InputError(`${tree.name}: ${path} is missing.`, {
    hint: `Drop the whole folder; it has ${tree.files.length} files, ${path} is not among them.`,
  });
}
