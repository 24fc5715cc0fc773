import { baseName, cleanPath, type FileEntry, type FileTree } from '../io/files/files.ts';
import { isImage, isMedia, isUndecoded, isUnreadMedia, isVideo } from '../protocol/clip-types.ts';
import type { Split } from '../protocol/messages.ts';
import { groupBy } from './group-by.ts';
import { splitOfName } from './split-words.ts';

/** A clip found in the tree: one file, or the pictures of a folder in the order of their names. */
export interface Clip {
  readonly path: string;
  readonly files: readonly FileEntry[];
  /** Files of the same stem that a name without extension could mean as well, and that hold less of the clip. */
  readonly setAside?: readonly string[];
}

/** Where the annotation stands and what it says of the clip's split: they decide between clips of one name. */
export interface Standing {
  readonly folder?: string;
  readonly split?: Split | null;
}

export type ClipMatch =
  | { readonly kind: 'found'; readonly clip: Clip }
  | { readonly kind: 'ambiguous'; readonly paths: readonly string[] }
  | { readonly kind: 'missing' };

/** Of many clips that could be meant, this many are named. */
const NAMED_CANDIDATES = 3;
/** Among more clips of one name than this, none is looked for. */
const MOST_WEIGHED = 64;
/** No file system takes a longer path. */
const LONGEST_PATH = 4096;

/**
 * Finds the clip that an annotation means. Annotations carry paths relative to their own folder, or to some folder that
 * need not be the dropped one, so after the path beside the list and the exact path come: the path as the tail of a
 * file's path, a file's path as the tail of it (the longest that fits), the bare file name, and the name with another
 * extension of the same kind. Only when exactly one clip fits; of several, the one nearest to the list, or in its split's
 * folder. Paths are compared in one normal form: macOS writes accents as signs of their own.
 *
 * Every way is a look-up, so that a hundred thousand files cost no search, be it that all of them have one name; the maps
 * of names are made when first asked.
 */
export class ClipIndex {
  /** Files that can be clips, by path. */
  readonly files = new Map<string, FileEntry>();
  /** Folders that hold pictures and nothing else that could be a clip: the pictures in the order of their names. */
  readonly folders: ReadonlyMap<string, readonly FileEntry[]>;
  /** Of folders of pictures the sound that lies with them. */
  readonly sounds: ReadonlyMap<string, string>;
  /** Paths that are not in the normal form, by it. */
  readonly #written = new Map<string, string>();
  /** Files of types that are not read. */
  readonly unread: readonly FileEntry[];
  #unreadByStem?: ReadonlyMap<string, readonly FileEntry[]>;
  #byName?: ReadonlyMap<string, readonly string[]>;
  #byExactName?: ReadonlyMap<string, readonly string[]>;
  #byStem?: ReadonlyMap<string, readonly string[]>;
  #filmsByStem?: ReadonlyMap<string, readonly string[]>;
  #reversed?: readonly string[];

  constructor(tree: FileTree) {
    const unread: FileEntry[] = [];
    for (const file of tree.files) {
      if (isMedia(file.path)) this.files.set(file.path, file);
      else if (isUnreadMedia(file.path)) unread.push(file);
    }
    this.unread = unread;
    const { folders, sounds } = imageFolders(this.files);
    this.folders = folders;
    this.sounds = sounds;
    for (const paths of [this.files, this.folders]) {
      for (const path of paths.keys()) {
        const same = normal(path);
        if (same !== path) this.#written.set(same, path);
      }
    }
  }

  /** A file of that name, whose type is not read. */
  unreadable(wanted: string): FileEntry | undefined {
    const stemOf = (path: string) =>
      baseName(path)
        .replace(isUnreadMedia(path) ? /\.\w+$/ : '', '')
        .toLowerCase();
    this.#unreadByStem ??= groupBy(this.unread, ({ path }) => stemOf(normal(path)));
    return this.#unreadByStem.get(stemOf(normal(cleanPath(wanted))))?.[0];
  }

  /** The clip of exactly that path. */
  at(wanted: string): Clip | undefined {
    const path =
      this.files.has(wanted) || this.folders.has(wanted) ? wanted : (this.#written.get(wanted) ?? wanted);
    const file = this.files.get(path);
    const files = file ? [file] : this.folders.get(path);
    return files && { path, files };
  }

  find(wanted: string, { folder = '', split = null }: Standing = {}): ClipMatch {
    if (wanted.length > LONGEST_PATH) return { kind: 'missing' };
    const path = normal(cleanPath(wanted));
    const own = normal(folder);
    for (const paths of this.#candidates(path, own)) {
      const fitting = preferred(paths, own, split);
      const [chosen] = fitting;
      if (chosen === undefined) continue;
      if (fitting.length > 1) return { kind: 'ambiguous', paths: paths.slice(0, NAMED_CANDIDATES) };
      const isOther = (each: string) => each !== chosen && !isVideo(each);
      const setAside = isVideo(chosen) ? paths.filter(isOther) : [];
      return { kind: 'found', clip: { ...this.at(chosen)!, ...(setAside.length > 0 ? { setAside } : {}) } };
    }
    return { kind: 'missing' };
  }

  /** What could be meant, the best guess first; a list is made only when those before it are empty. */
  *#candidates(path: string, folder: string): Generator<readonly string[]> {
    const beside = resolved(folder, path);
    yield this.at(beside) ? [beside] : [];
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
    return [...this.files.keys(), ...this.folders.keys()].map(normal);
  }
}

/** Of a clip in several files the best first: a video, its sound or pictures, what has to be converted. */
export function bestFirst(paths: readonly string[]): string[] {
  const decoded = paths.filter((path) => !isUndecoded(path));
  return [
    ...decoded.filter(isVideo),
    ...decoded.filter((path) => !isVideo(path)),
    ...paths.filter(isUndecoded),
  ];
}

const normal = (path: string): string => path.normalize('NFC');

/** A path from a folder; '..' leads out of it. */
function resolved(folder: string, path: string): string {
  const parts: string[] = folder === '' ? [] : folder.split('/');
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** Those of several clips that decide it: a video beside its own sound or frames, then the nearest to the list, then those of its split. */
function preferred(paths: readonly string[], folder: string, split: Split | null): readonly string[] {
  if (paths.length < 2 || paths.length > MOST_WEIGHED) return paths;
  const decoded = paths.filter((path) => !isUndecoded(path));
  const readable = decoded.length > 0 ? decoded : paths;
  const videos = readable.filter(isVideo);
  const whole = videos.length > 0 ? videos : readable;
  for (let near = folder; near !== ''; near = folderOf(near)) {
    const inside = whole.filter((path) => path.startsWith(`${near}/`));
    if (inside.length === 1) return inside;
    if (inside.length > 1) break;
  }
  const ofSplit = split === null ? [] : whole.filter((path) => splitOfName(folderOf(path)) === split);
  return ofSplit.length === 1 ? ofSplit : whole;
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

/** How the sound of a clip is named that lies among its pictures; its folder's own name is one, too. */
const SOUND_OF_PICTURES = /^(?:audio|sound|speech|voice|wav|track)$/i;

function imageFolders(files: ReadonlyMap<string, FileEntry>): {
  readonly folders: Map<string, FileEntry[]>;
  readonly sounds: Map<string, string>;
} {
  const folders = groupBy(files.values(), ({ path }) => folderOf(path));
  const sounds = new Map<string, string>();
  folders.delete('');
  for (const [path, inside] of folders) {
    const pictures = inside.filter((file) => isImage(file.path));
    const [sound, ...more] = inside.filter((file) => !isImage(file.path));
    const isOfThem = sound && more.length === 0 && pictures.length > 1 && isSoundOf(path, sound.path);
    if (sound && !isOfThem) folders.delete(path);
    else
      folders.set(
        path,
        pictures.sort((a, b) => byNumbers(baseName(a.path), baseName(b.path))),
      );
    if (isOfThem) sounds.set(path, sound.path);
  }
  return { folders, sounds };
}

const isSoundOf = (folder: string, path: string): boolean =>
  !isVideo(path) && (SOUND_OF_PICTURES.test(stem(path)) || stem(path) === baseName(folder));

/** By the numbers in the names as numbers: 2 comes before 10. Names of one length are in order already. */
function byNumbers(a: string, b: string): number {
  if (a.length === b.length) return a < b ? -1 : Number(a > b);
  const [first, second] = [a, b].map((name) => name.split(/(\d+)/)) as [string[], string[]];
  for (let i = 0; i < Math.min(first.length, second.length); i++) {
    if (first[i] === second[i]) continue;
    const difference = i % 2 === 1 ? Number(first[i]) - Number(second[i]) : 0;
    return difference || (first[i]! < second[i]! ? -1 : 1);
  }
  return first.length - second.length;
}
