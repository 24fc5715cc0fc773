/** Rows of annotations → examples, with their clips where they have any. */
import { baseName, type FileEntry } from '../io/files/files.ts';
import type { MediumKind } from '../media/types.ts';
import { isImage, isVideo } from '../protocol/clip-types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { type Clip, type ClipIndex, folderOf } from './clip-index.ts';
import { Overlaps } from './overlaps.ts';
import { plainQuestion } from './questions.ts';
import { type AnnotationRow, type Medium, mediaName, type NamedMedium, type Undivided } from './types.ts';

export interface Matched {
  readonly examples: readonly Undivided[];
  readonly issues: readonly DataIssue[];
}

/** Characters of a path that a message shows. */
const MOST_SHOWN = 300;

type Problem = Pick<DataIssue, 'reason' | 'message' | 'hint'>;

/** Rows with a clip, each once; what has none, is empty or repeats another becomes an issue. Opens no clip. */
export function matchRows(rows: readonly AnnotationRow[], clips: ClipIndex): Matched {
  const examples: Undivided[] = [];
  const issues: DataIssue[] = [];
  const firsts = new Map<string, AnnotationRow>();
  const halves = new Halves();
  const overlaps = new Overlaps();
  const places = new Map<string, number>();
  for (const row of rows) {
    const clip = clipOf(row, clips);
    const first = 'message' in clip ? undefined : firsts.get(clip.path);
    if (first && overlaps.counts(first, row)) {
      const place = places.get((clip as Clip).path)!;
      // A list of everything says nothing of splits that another one gives.
      examples[place] = { ...examples[place]!, split: examples[place]!.split ?? row.split };
      continue;
    }
    const problem = 'message' in clip ? clip : repeats(row, clip.path, firsts);
    if (problem) {
      issues.push({ file: row.file, ...(row.row === undefined ? {} : { row: row.row }), ...problem });
      continue;
    }
    const { path, files, setAside } = clip as Clip;
    if (setAside) halves.add(row.file, path, setAside);
    const { file: _, row: __, system: ___, ...said } = row;
    places.set(path, examples.length);
    examples.push({ ...said, id: path, media: [mediumOf(row.media[0]!, { path, files })] });
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
  const wanted = row.media[0]?.path ?? '';
  const match = clips.find(
    wanted,
    row.row === undefined ? {} : { folder: folderOf(row.file), split: row.split },
  );
  if (match.kind === 'missing') {
    return clipMissing(wanted);
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

const clipMissing = (path: string): Problem => ({
  reason: 'clip missing',
  message: `The clip ${shortened(path)} is not in the folder.`,
  hint: 'Drop the folder that holds the clips too, or correct the path.',
});

/** A path or a question as messages show it: what no file system would take, and no screen, is cut. */
function shortened(path: string): string {
  return path.length > MOST_SHOWN ? `${path.slice(0, MOST_SHOWN)}…` : path;
}

/**
 * A row about a clip that one before it is about. A run asks one question of every clip, so that a second row would give the
 * same prompt another answer, whatever it asks.
 */
function repeats(row: AnnotationRow, path: string, firsts: Map<string, AnnotationRow>): Problem | undefined {
  const first = firsts.get(path);
  if (!first) {
    firsts.set(path, row);
    return undefined;
  }
  if (asksOtherwise(first, row)) {
    const where = whereIs(first);
    return {
      reason: 'question differs',
      message: `${path} is asked "${shortened(first.question!)}" in ${where} and "${shortened(row.question!)}" here; a run asks one question of all clips, so this clip would get two answers to one prompt.`,
      hint: 'The first row was kept. To train on the other question, leave the first one out and type it as the question of the run.',
    };
  }
  return again(path, row, first);
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

/** A row without a question has that of the run. */
function asksOtherwise(first: AnnotationRow, row: AnnotationRow): boolean {
  if (first.question === null || row.question === null) return false;
  return plainQuestion(first.question) !== plainQuestion(row.question);
}
