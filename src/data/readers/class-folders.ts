/** A folder per class: label/clip.mp4 or split/label/clip.mp4, where a folder of pictures below its label is one clip. */

import { isImage } from '../../protocol/clip-types.ts';
import type { Split } from '../../protocol/messages.ts';
import { type ClipIndex, folderOf } from '../clip-index.ts';
import { labelKey } from '../labels.ts';
import { splitOfName } from '../rows.ts';
import type { AnnotationRow } from '../types.ts';
import type { Reader } from './reader.ts';

export const classFolders: Reader = {
  name: 'a folder per class',
  /** One folder alone is where the clips are, not their class. */
  recognises: ({ clips }) => new Set(clipsInClasses(clips).map(({ label }) => label)).size > 1,
  owns: () => false,
  read({ clips, ownLabels }) {
    const rows = clipsInClasses(clips).map(({ path, label: writtenLabel, split }): AnnotationRow => {
      const label = ownLabels.get(labelKey(writtenLabel)) ?? writtenLabel;
      return { file: path, path, label, writtenLabel, question: null, answer: label, speaker: null, split };
    });
    return { rows, issues: [], met: rows.length };
  },
};

interface ClassClip {
  readonly path: string;
  readonly label: string;
  readonly split: Split | null;
}

/** Clips by the first folder below those that all of them share, or by the second where the first names a split. */
function clipsInClasses(clips: ClipIndex): ClassClip[] {
  const shared = sharedFolders(new Set([...clips.files.keys()].map(folderOf)));
  const above = splitOfName(shared.at(-1) ?? '');
  const isPart = (path: string) => isImage(path) && clips.folders.has(folderOf(path));
  return [...clips.files.keys(), ...clips.folders.keys()].flatMap((path) => {
    const parts = path.split('/').slice(shared.length);
    // A folder of pictures has its pictures' depth.
    const depth = parts.length + (clips.folders.has(path) ? 1 : 0);
    const split = depth > 2 ? splitOfName(parts[0]!) : null;
    const [label, ...inside] = split === null ? parts : parts.slice(1);
    const isClassItself = inside.length === 0;
    const isPartOfClip = isPart(path) && inside.length > 1;
    return label === undefined || isClassItself || isPartOfClip
      ? []
      : [{ path, label, split: split ?? above }];
  });
}

/** The folders, from the top, that all of these lie in. */
function sharedFolders(folders: ReadonlySet<string>): string[] {
  const paths = [...folders].filter((folder) => folder !== '').map((folder) => folder.split('/'));
  const [first = []] = paths;
  const differs = first.findIndex((part, i) => paths.some((path) => path[i] !== part));
  return differs < 0 ? first : first.slice(0, differs);
}
