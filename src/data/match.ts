/** Rows of annotations → examples, with their clips where they have any. */
import { baseName, type FileEntry } from '../io/files/files.ts';
import type { MediumKind } from '../media/types.ts';
import { isImage, isVideo } from '../protocol/clip-types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { type Clip, type ClipIndex, folderOf } from './clip-index.ts';
import { Overlaps } from './overlaps.ts';
import { askedOf } from './questions.ts';
import { type AnnotationRow, type Medium, mediaName, type NamedMedium, type Undivided } from './types.ts';
import { ofUnreadType } from './unread-types.ts';

export interface Matched {
  readonly examples: readonly Undivided[];
  readonly issues: readonly DataIssue[];
}

/** Characters of a path that a message shows. */
const MOST_SHOWN = 300;

/** A row that was taken, and its place among the examples. */
interface Taken {
  readonly row: AnnotationRow;
  readonly place: number;
}

type Problem = Pick<DataIssue, 'reason' | 'message' | 'hint'>;

/**
 * Rows with a clip, each question about it once; what has none, is empty or repeats another becomes an issue. Opens no clip.
 */
export function matchRows(rows: readonly AnnotationRow[], clips: ClipIndex): Matched {
  const examples: Undivided[] = [];
  const issues: DataIssue[] = [];
  const firsts = new Map<string, Taken[]>();
  const halves = new Halves();
  const overlaps = new Overlaps();
  for (const row of rows) {
    const clip = clipOf(row, clips);
    const taken = 'message' in clip ? [] : (firsts.get(clip.path) ?? []);
    const first = taken.find((other) => !asksOtherwise(other.row, row));
    if (first && overlaps.counts(first.row, row)) {
      const { place } = first;
      // A list of everything says nothing of splits that another one gives.
      examples[place] = { ...examples[place]!, split: examples[place]!.split ?? row.split };
      continue;
    }
    const problem = 'message' in clip ? clip : first && again(clip.path, row, first.row);
    if (problem) {
      issues.push({ file: row.file, ...(row.row === undefined ? {} : { row: row.row }), ...problem });
      continue;
    }
    const { path, files, setAside } = clip as Clip;
    if (setAside) halves.add(row.file, path, setAside);
    const { file: _, row: __, ...said } = row;
    firsts.set(path, [...taken, { row, place: examples.length }]);
    const id = taken.length === 0 ? path : `${path}#${taken.length + 1}`;
    examples.push({ ...said, id, media: [mediumOf(row.media[0]!, { path, files })] });
  }
  return { examples, issues: [...issues, ...overlaps.issues(), ...halves.issues()] };
}

/** Clips whose list names them by their stem, and that are there as a video and as sound or pictures of it: by list. */
class Halves {
  readonly #lists = new Map<string, { readonly example: string; clips: number }>();

  add(list: string, taken: string, setAside: readonly string[]): void {
    const seen = this.#lists.get(list);
    if (seen) seen.clips++;
    else this.#lists.set(list, { example: `${taken} was taken and ${setAside[0]} not`, clips: 1 });
  }

  issues(): DataIssue[] {
    return [...this.#lists].map(([file, { example, clips }]) => ({
      reason: 'file set aside',
      file,
      message: `${clips} clips are there as a video and in other files of the same name: ${example}, and so on.`,
      hint: 'Write the names with their extensions to take other files.',
    }));
  }
}

/** Rows that ask without a clip, each once. Rows about clips have none among them: such a folder holds no clip. */
export function takeQuestions(rows: readonly AnnotationRow[]): Matched {
  const examples: Undivided[] = [];
  const issues: DataIssue[] = [];
  const firsts = new Map<string, AnnotationRow>();
  for (const annotation of rows) {
    const { file, row, media, ...said } = annotation;
    const key = JSON.stringify([said.system, said.question]);
    const problem =
      media.length === 0 ? askedAgain(annotation, firsts.get(key)) : clipMissing(mediaName(annotation));
    if (problem) issues.push({ file, ...(row === undefined ? {} : { row }), ...problem });
    else {
      firsts.set(key, annotation);
      examples.push({ ...said, media: [], id: `${file}:${row ?? 1}` });
    }
  }
  return { examples, issues };
}

/** A question that a row before it asks, too. */
function askedAgain(row: AnnotationRow, first: AnnotationRow | undefined): Problem | undefined {
  return first && again(`"${shortened(row.question ?? '')}"`, row, first);
}

/** What a row names, as it was found. */
function mediumOf({ kind, path: _, ...part }: NamedMedium, { path, files }: Clip): Medium {
  return { kind: kind ?? kindOf(files), path, files, ...part };
}

function kindOf(files: readonly FileEntry[]): MediumKind {
  const [{ path } = { path: '' }] = files;
  return isImage(path) || isVideo(path) ? 'video' : 'audio';
}

export function clipOf(row: AnnotationRow, clips: ClipIndex): Clip | Problem {
  const [first, ...more] = row.media;
  if (more.length > 0 || first?.frames) return showsSeveral(row);
  const wanted = first?.path ?? '';
  const match = clips.find(
    wanted,
    row.row === undefined ? {} : { folder: folderOf(row.file), split: row.split },
  );
  if (match.kind === 'missing') {
    const unread = clips.unreadable(wanted);
    return unread ? ofUnreadType(unread.path) : clipMissing(wanted);
  }
  if (match.kind === 'ambiguous') {
    return {
      reason: 'clip ambiguous',
      message: `The clip ${wanted} could be ${match.paths.join(' or ')}.`,
      hint: 'Write the path with its folders.',
    };
  }
  if (match.clip.files.some(({ size }) => size === 0)) {
    return {
      reason: 'clip empty',
      message: `The clip ${match.clip.path} has 0 bytes.`,
      hint: 'Copy it again; the copy broke off.',
    };
  }
  return match.clip;
}

const showsSeveral = (row: AnnotationRow): Problem => ({
  reason: 'row malformed',
  message: `It shows several files (${shortened(mediaName(row))}), expected one.`,
  hint: 'The row was skipped: no model is shown several files at once.',
});

const clipMissing = (path: string): Problem => ({
  reason: 'clip missing',
  message: `The clip ${shortened(path)} is not in the folder.`,
  hint: 'Drop the folder that holds the clips too, or correct the path.',
});

/** A path or a question as messages show it: what no file system would take, and no screen, is cut. */
function shortened(path: string): string {
  return path.length > MOST_SHOWN ? `${path.slice(0, MOST_SHOWN)}…` : path;
}

const whereIs = ({ file, row }: AnnotationRow): string =>
  `${row === undefined ? '' : `row ${row} of `}${baseName(file)}`;

/** A second row on the same thing, named as `what`. */
function again(what: string, row: AnnotationRow, first: AnnotationRow): Problem {
  const where = whereIs(first);
  return first.label === row.label
    ? {
        reason: 'row repeated',
        message: `${what} with the label "${row.label}" is already ${where}.`,
        hint: 'The repeated row was skipped.',
      }
    : {
        reason: 'label contradicted',
        message: `${what} is "${first.label}" in ${where} and "${row.label}" here.`,
        hint: 'The first row was kept; remove the wrong one.',
      };
}

/** Whether two rows about one clip are two examples. A row without a question may be asked any. */
function asksOtherwise(first: AnnotationRow, row: AnnotationRow): boolean {
  const [one, other] = [askedOf(first), askedOf(row)];
  return one !== null && other !== null && one !== other;
}
