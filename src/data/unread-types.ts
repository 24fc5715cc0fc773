/** Pictures, sound and videos of types that are not read: they are named, since they look as if they were missing. */
import { extension, type FileEntry } from '../io/files/files.ts';
import type { DataIssue } from '../protocol/messages.ts';

const convert = (path: string): string =>
  `Convert it: ffmpeg -i "${path}" -c:v libx264 -pix_fmt yuv420p -c:a aac out.mp4`;

/** Why a row's clip is none, though it is there. */
export const ofUnreadType = (path: string): Pick<DataIssue, 'reason' | 'message' | 'hint'> => ({
  reason: 'clip unreadable',
  message: `The clip ${path} is a .${extension(path)}, a type that is not read.`,
  hint: convert(path),
});

/** All of them as one issue; none without any. */
export function unreadTypes(folder: string, files: readonly FileEntry[]): DataIssue[] {
  const [first] = files;
  if (!first) return [];
  const types = [...new Set(files.map(({ path }) => `.${extension(path)}`))];
  const message = `${folder}: found ${files.length} files of types that are not read (${types.join(', ')}), for example ${first.path}.`;
  return [{ reason: 'clip unreadable', file: folder, message, hint: convert(first.path) }];
}

const ARCHIVE = /\.(?:tar|tgz|tar\.\w+|7z|rar|bz2|xz|zst)$/i;

/** Archives that are not read, though the rest of the folder is. */
export function unreadArchives(files: readonly FileEntry[]): DataIssue[] {
  return files
    .filter(({ path }) => ARCHIVE.test(path))
    .map(({ path }) => ({
      reason: 'file unreadable',
      file: path,
      message: `${path}: an archive of a kind that is not read; zip is.`,
      hint: 'Unpack it there, and drop the folder again.',
    }));
}
