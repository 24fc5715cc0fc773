import { baseName, cleanPath, extension, type FileEntry, type FileTree } from '../io/files.ts';

const VIDEO = ['mp4', 'm4v', 'mov', 'webm', 'mkv', 'avi', 'ts', 'gif'];
const AUDIO = ['wav', 'mp3', 'm4a', 'aac', 'ogg', 'oga', 'opus', 'flac'];
const IMAGE = ['jpg', 'jpeg', 'png', 'webp', 'bmp', 'avif'];

export function isImage(path: string): boolean {
  return IMAGE.includes(extension(path));
}

/** A file that can be a clip by itself: video, sound, or one picture. */
export function isMedia(path: string): boolean {
  const kind = extension(path);
  return VIDEO.includes(kind) || AUDIO.includes(kind) || IMAGE.includes(kind);
}

/** A clip found in the tree: one file, or the pictures of a folder in the order of their names. */
export interface Clip {
  readonly path: string;
  readonly files: readonly FileEntry[];
}

export type ClipMatch =
  | { readonly kind: 'found'; readonly clip: Clip }
  | { readonly kind: 'ambiguous'; readonly paths: readonly string[] }
  | { readonly kind: 'missing' };

/**
 * Finds the clip that an annotation means. Annotations carry paths relative to some folder that need not be the dropped
 * one, so after the exact path come: the path as the tail of a file's path, a file's path as the tail of it, the bare
 * file name, and the file name without its extension. Each only when exactly one clip fits.
 */
export class ClipIndex {
  private readonly clips = new Map<string, Clip>();
  private readonly byName = new Map<string, Clip[]>();
  private readonly byStem = new Map<string, Clip[]>();

  constructor(tree: FileTree) {
    for (const file of tree.files) if (isMedia(file.path)) this.add({ path: file.path, files: [file] });
    for (const clip of imageFolders(tree)) this.add(clip);
  }

  /** Every clip, pictures inside an image folder included. */
  all(): Clip[] {
    return [...this.clips.values()];
  }

  find(wanted: string): ClipMatch {
    const path = cleanPath(wanted);
    const exact = this.clips.get(path);
    if (exact) return { kind: 'found', clip: exact };
    const name = baseName(path);
    const sameName = this.byName.get(name) ?? [];
    const byTail = sameName.filter(
      (clip) => clip.path.endsWith(`/${path}`) || path.endsWith(`/${clip.path}`),
    );
    for (const candidates of [byTail, sameName, this.byStem.get(name) ?? []]) {
      if (candidates.length === 1) return { kind: 'found', clip: candidates[0]! };
      if (candidates.length > 1) return { kind: 'ambiguous', paths: candidates.map((clip) => clip.path) };
    }
    return { kind: 'missing' };
  }

  private add(clip: Clip): void {
    this.clips.set(clip.path, clip);
    const name = baseName(clip.path);
    push(this.byName, name, clip);
    if (extension(name) !== '') push(this.byStem, name.slice(0, name.lastIndexOf('.')), clip);
  }
}

/** Folders that hold pictures and nothing else that could be a clip. */
function imageFolders(tree: FileTree): Clip[] {
  const folders = new Map<string, FileEntry[]>();
  for (const file of tree.files) {
    const slash = file.path.lastIndexOf('/');
    if (slash > 0 && isMedia(file.path)) push(folders, file.path.slice(0, slash), file);
  }
  return [...folders]
    .filter(([, files]) => files.every((file) => isImage(file.path)))
    .map(([path, files]) => ({ path, files }));
}

function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
