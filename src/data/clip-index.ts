import { baseName, cleanPath, type FileEntry, type FileTree } from '../io/files/files.ts';
import { isImage, isMedia, isVideo } from '../protocol/clip-types.ts';
import { groupBy } from './group-by.ts';

/** A clip found in the tree: one file, or the pictures of a folder in the order of their names. */
export interface Clip {
  readonly path: string;
  readonly files: readonly FileEntry[];
}

export type ClipMatch =
  | { readonly kind: 'found'; readonly clip: Clip }
  | { readonly kind: 'ambiguous'; readonly paths: readonly string[] }
  | { readonly kind: 'missing' };

/** Of many clips that could be meant, this many are named. */
const NAMED_CANDIDATES = 3;
/** No file system takes a longer path. */
const LONGEST_PATH = 4096;

/**
 * Finds the clip that an annotation means. Annotations carry paths relative to some folder that need not be the dropped
 * one, so after the exact path come: the path as the tail of a file's path, a file's path as the tail of it (the longest
 * that fits), the bare file name, and the name with another extension of the same kind. Only when exactly one clip fits.
 *
 * Every way is a look-up, so that a hundred thousand files cost no search, be it that all of them have one name; the maps
 * of names are made when first asked.
 */
export class ClipIndex {
  /** Files that can be clips, by path. */
  readonly files = new Map<string, FileEntry>();
  /** Folders that hold pictures and nothing else that could be a clip: the pictures in the order of their names. */
  readonly folders: ReadonlyMap<string, readonly FileEntry[]>;
  #byName?: ReadonlyMap<string, readonly string[]>;
  #byExactName?: ReadonlyMap<string, readonly string[]>;
  #byStem?: ReadonlyMap<string, readonly string[]>;
  #filmsByStem?: ReadonlyMap<string, readonly string[]>;
  #reversed?: readonly string[];

  constructor(tree: FileTree) {
    for (const file of tree.files) if (isMedia(file.path)) this.files.set(file.path, file);
    this.folders = imageFolders(this.files);
  }

  /** The clip of exactly that path. */
  at(path: string): Clip | undefined {
    const file = this.files.get(path);
    const files = file ? [file] : this.folders.get(path);
    return files && { path, files };
  }

  find(wanted: string): ClipMatch {
    if (wanted.length > LONGEST_PATH) return { kind: 'missing' };
    const path = cleanPath(wanted);
    for (const paths of this.#candidates(path)) {
      if (paths.length === 1) return { kind: 'found', clip: this.at(paths[0]!)! };
      if (paths.length > 1) return { kind: 'ambiguous', paths: paths.slice(0, NAMED_CANDIDATES) };
    }
    return { kind: 'missing' };
  }

  /** What could be meant, the best guess first; a list is made only when those before it are empty. */
  *#candidates(path: string): Generator<readonly string[]> {
    yield this.at(path) ? [path] : [];
    yield this.#longerPaths(path);
    yield this.#tails(path);
    yield this.#named(path);
    yield this.#otherExtensions(path);
  }

  /** Clips in deeper folders whose path ends with this one: neighbours, where paths are in order from their ends. */
  #longerPaths(path: string): string[] {
    if (folderOf(path) === '') return [];
    this.#reversed ??= this.#paths().map(reversedText).sort();
    const wanted = `${reversedText(path)}/`;
    const found: string[] = [];
    for (let at = firstFrom(this.#reversed, wanted); found.length <= NAMED_CANDIDATES; at++) {
      const reversed = this.#reversed[at];
      if (!reversed?.startsWith(wanted)) break;
      found.push(reversedText(reversed));
    }
    return found.sort();
  }

  /** The clip whose whole path is the end of this one. */
  #tails(path: string): string[] {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const tail = path.slice(slash + 1);
      if (this.at(tail)) return [tail];
    }
    return [];
  }

  /** Clips of that name, however it is capitalised; where one has it letter by letter, only those. */
  #named(path: string): readonly string[] {
    this.#byName ??= groupBy(this.#paths(), (each) => baseName(each).toLowerCase());
    const name = baseName(path);
    const named = this.#byName.get(name.toLowerCase()) ?? [];
    if (named.length < 2) return named;
    this.#byExactName ??= groupBy(this.#paths(), baseName);
    return this.#byExactName.get(name) ?? named;
  }

  /** A name without extension means any kind of clip; a video may have become another video or its frames. */
  #otherExtensions(path: string): readonly string[] {
    const wanted = stem(path).toLowerCase();
    if (!isMedia(path)) {
      const named = () => this.#paths().filter(isMedia);
      this.#byStem ??= groupBy(named(), (each) => stem(each).toLowerCase());
      return this.#byStem.get(wanted) ?? [];
    }
    if (!isVideo(path)) return [];
    const films = () => this.#paths().filter((each) => isVideo(each) || this.folders.has(each));
    this.#filmsByStem ??= groupBy(films(), (each) => stem(each).toLowerCase());
    return this.#filmsByStem.get(wanted) ?? [];
  }

  #paths(): string[] {
    return [...this.files.keys(), ...this.folders.keys()];
  }
}

/** From its last character to its first. */
function reversedText(text: string): string {
  return [...text].reverse().join('');
}

/** Place of the first text, in a list in order, that is not before `wanted`. */
function firstFrom(ordered: readonly string[], wanted: string): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ordered[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The name without folders and without the extension of a clip: '01.02' has none. */
function stem(path: string): string {
  const name = baseName(path);
  return isMedia(name) ? name.slice(0, name.lastIndexOf('.')) : name;
}

/** The path of the folder that holds it; '' for the tree itself. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

function imageFolders(files: ReadonlyMap<string, FileEntry>): Map<string, FileEntry[]> {
  const folders = groupBy(files.values(), ({ path }) => folderOf(path));
  folders.delete('');
  for (const [path, inside] of folders) {
    if (!inside.every((file) => isImage(file.path))) folders.delete(path);
  }
  return folders;
}
