/** Clips whose names have a word of emotion, all in the same place: female1_angry_10a_1.wav, F_01_OISHI_S_10_ANGRY_1.wav. */
import { baseName } from '../../io/files/files.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { emotionOf } from '../emotion-words.ts';
import { labelKey } from '../labels.ts';
import type { AnnotationRow } from '../types.ts';
import { roleOf } from './folder-names.ts';
import { type Reader, spread } from './reader.ts';

/** The share of the clips that must have a word there. */
const MOST = 0.9;
/** Fewer names say nothing about where their words stand. */
const FEWEST = 4;
/** Names that tell where the words may stand. */
const SAMPLE = 200;

export const wordedNames: Reader = {
  name: "a word of emotion in every file's name",
  /** Only where no folder has such a word: then the folders say it. */
  recognises: ({ clips }) => placeOf([...clips.files.keys()]) !== undefined,
  owns: () => false,
  read({ clips, ownLabels }) {
    const paths = [...clips.files.keys()];
    const place = placeOf(paths)!;
    const speaker = speakerPlace(paths);
    const rows: AnnotationRow[] = [];
    const issues: DataIssue[] = [];
    for (const path of paths) {
      const parts = partsOf(path);
      const writtenLabel = parts.at(place) ?? '';
      const word = emotionOf(writtenLabel);
      if (word === undefined) {
        const message = `Its name has no word of emotion where the others have one.`;
        issues.push({ reason: 'name not understood', file: path, message, hint: 'The file was left out.' });
        continue;
      }
      const label = ownLabels.get(labelKey(writtenLabel)) ?? ownLabels.get(word) ?? word;
      const said = { label, writtenLabel, question: null, answer: label, split: null };
      const who = speaker === undefined ? null : (parts[speaker] ?? null);
      rows.push({ file: path, media: [{ path }], ...said, speaker: who });
    }
    return { rows, issues, met: paths.length };
  },
};

const partsOf = (path: string): string[] =>
  baseName(path)
    .replace(/\.\w+$/, '')
    .split(/[\s_.-]+/);

/** The place of the word among the parts of a name: from its beginning, or below 0 from its end. Undefined without one, and for two. */
function placeOf(paths: readonly string[]): number | undefined {
  const isSaidByFolders = paths.some((path) =>
    path
      .split('/')
      .slice(0, -1)
      .some((folder) => emotionOf(folder) !== undefined),
  );
  if (paths.length < FEWEST || isSaidByFolders) return undefined;
  const names = spread(paths, SAMPLE).map(partsOf);
  const longest = names.reduce((most, { length }) => Math.max(most, length), 0);
  const places = Array.from({ length: longest }, (_, i) => [i, -1 - i]).flat();
  const found = places.filter((place) => hasWords(names, place));
  const [first] = found;
  // A place from the beginning and one from the end may be the same.
  const meant = new Set(found.map((place) => names.map((parts) => wordAt(parts, place)).join()));
  return meant.size === 1 && hasWords(paths.map(partsOf), first!) ? first : undefined;
}

const wordAt = (parts: readonly string[], place: number): string | undefined => {
  const part = parts.at(place) ?? '';
  return /^\d*$/.test(part) ? undefined : emotionOf(part);
};

function hasWords(names: readonly (readonly string[])[], place: number): boolean {
  const words = names.map((parts) => wordAt(parts, place)).filter((word) => word !== undefined);
  return words.length >= MOST * names.length && new Set(words).size > 1;
}

/** The place at which every name has a speaker's: female1, S01, actor3. */
function speakerPlace(paths: readonly string[]): number | undefined {
  const names = paths.map(partsOf);
  const place = names[0]!.findIndex((_, at) => names.every((parts) => roleOf(parts[at] ?? '') === 'speaker'));
  const isSeveral = new Set(names.map((parts) => parts[place])).size * 2 <= names.length;
  return place >= 0 && isSeveral ? place : undefined;
}
