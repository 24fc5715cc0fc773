/** Rows of annotations → examples, with their clips where they have any. */
import { baseName, type FileEntry } from '../io/files/files.ts';
import type { MediumKind } from '../media/types.ts';
import { isImage, isUndecoded, isVideo } from '../protocol/clip-types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { type Clip, type ClipIndex, folderOf } from './clip-index.ts';
import { Overlaps } from './overlaps.ts';
import { askedOf } from './questions.ts';
import {
  type AnnotationRow,
  type Medium,
  mediaName,
  mediumName,
  type NamedMedium,
  type Undivided,
} from './types.ts';
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

/** Rows that show the same, by what they ask: thousands may be about one clip, and most clips have one. */
class TakenRows {
  count = 1;
  readonly #first: Taken;
  /** The first that asks nothing by itself. */
  #unasked: Taken | undefined;
  /** The first of each question; absent while there is one row. */
  #byAsked: Map<string, Taken> | undefined;

  constructor(first: Taken) {
    this.#first = first;
  }

  /** The first row that does not ask something else; one without a question is asked that of the run, which may be any. */
  same(row: AnnotationRow): Taken | undefined {
    const known = this.#known();
    const asked = askedOf(row);
    if (asked === null) return this.#first;
    const equal = known.get(asked);
    if (!equal || !this.#unasked) return equal ?? this.#unasked;
    return this.#unasked.place < equal.place ? this.#unasked : equal;
  }

  add(taken: Taken): void {
    this.count++;
    this.#note(this.#known(), taken);
  }

  #known(): Map<string, Taken> {
    if (!this.#byAsked) {
      this.#byAsked = new Map();
      this.#note(this.#byAsked, this.#first);
    }
    return this.#byAsked;
  }

  #note(known: Map<string, Taken>, taken: Taken): void {
    const asked = askedOf(taken.row);
    if (asked === null) this.#unasked ??= taken;
    else if (!known.has(asked)) known.set(asked, taken);
  }
}

type Problem = Pick<DataIssue, 'reason' | 'message' | 'hint'>;

/**
 * Rows with what they show, each question about it once, and questions of text alone; what has nothing to show, is empty or repeats
 * another becomes an issue. Opens no file.
 */
export function matchRows(rows: readonly AnnotationRow[], clips: ClipIndex): Matched {
  const examples: Undivided[] = [];
  const issues: DataIssue[] = [];
  const firsts = new Map<string, TakenRows>();
  const halves = new Halves();
  const overlaps = new Overlaps();
  for (const row of rows) {
    const found = mediaOf(row, clips);
    const key = 'message' in found ? '' : keyOf(row, found.media);
    const taken = 'message' in found ? undefined : firsts.get(key);
    const first = taken?.same(row);
    if (row.media.length > 0 && first && overlaps.counts(first.row, row)) {
      const { place } = first;
      // A list of everything says nothing of splits that another one gives.
      examples[place] = { ...examples[place]!, split: examples[place]!.split ?? row.split };
      continue;
    }
    const problem = 'message' in found ? found : first && again(whatOf(row, found), row, first.row);
    const { file, row: at, ...said } = row;
    const place = { file, ...(at === undefined ? {} : { row: at }) };
    if (problem) {
      issues.push({ ...place, ...problem });
      continue;
    }
    const { media, setAside } = found as Found;
    if (setAside) halves.add(file, media[0]!.path, setAside);
    const name = media.length === 0 ? `${file}:${at ?? 1}` : mediaName({ media });
    const id = media.length === 0 || !taken ? name : `${name}#${taken.count + 1}`;
    const one = { row, place: examples.length };
    if (taken) taken.add(one);
    else firsts.set(key, new TakenRows(one));
    examples.push({ ...said, id, media, place });
  }
  return { examples, issues: [...issues, ...overlaps.issues(), ...halves.issues()] };
}

/** What two rows have in common that are one: what they show; of text alone what they ask. */
const keyOf = ({ system, question }: AnnotationRow, media: readonly Medium[]): string =>
  media.length > 0 ? mediaName({ media }) : JSON.stringify([system, question]);

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

/** What a row shows and plays, found; of the first of them what was not taken. */
interface Found {
  readonly media: readonly Medium[];
  readonly setAside?: readonly string[];
}

export function mediaOf(row: AnnotationRow, clips: ClipIndex): Found | Problem {
  const media: Medium[] = [];
  let setAside: readonly string[] | undefined;
  for (const named of row.media) {
    const clip = named.frames ? picturesOf(named.frames, row, clips) : clipOf(named, row, clips);
    const medium = 'message' in clip ? clip : mediumOf(named, clip);
    if ('message' in medium) return medium;
    media.push(medium);
    if (media.length > 1) continue;
    const sound = row.media.length === 1 ? soundBeside(medium, clip as Clip, clips) : undefined;
    if (sound) media.push(sound);
    else setAside = (clip as Clip).setAside;
  }
  return { media, ...(setAside ? { setAside } : {}) };
}

/** The sound of a clip that its list names by the stem, where it lies in a file of its own beside the picture's, or among its pictures. */
function soundBeside(picture: Medium, { setAside = [] }: Clip, clips: ClipIndex): Medium | undefined {
  const inside = clips.sounds.get(picture.path);
  const [path, ...others] = inside === undefined ? setAside.filter(isSound) : [inside];
  const found = path === undefined || others.length > 0 ? undefined : clips.at(path);
  if (!found || kindOf(found.path, found.files) !== 'audio') return undefined;
  const { start, end } = picture;
  return {
    ...{ kind: 'audio', path: found.path, files: found.files },
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

const isSound = (path: string): boolean => !isImage(path) && !isVideo(path);

/** The pictures of a video that the row writes one by one, in its order. */
function picturesOf(paths: readonly string[], row: AnnotationRow, clips: ClipIndex): Clip | Problem {
  const files: FileEntry[] = [];
  for (const path of paths) {
    const picture = clipOf({ path }, row, clips);
    if ('message' in picture) return picture;
    if (kindOf(picture.path, picture.files) !== 'image') return noPicture(picture.path);
    files.push(...picture.files);
  }
  return { path: files[0]!.path, files };
}

const noPicture = (path: string): Problem => ({
  reason: 'row malformed',
  message: `${shortened(path)} is no picture; the row names it as one of a video's.`,
  hint: 'Name pictures there, or one video file.',
});

/** What a row names, as it was found. */
function mediumOf(named: NamedMedium, { path, files }: Clip): Medium | Problem {
  const { start, end } = named;
  const frames = named.frames && files.map((file) => file.path);
  const kind = frames ? 'video' : kindAs(named, kindOf(path, files), path);
  if (typeof kind === 'object') return kind;
  const isPart = start !== undefined || end !== undefined;
  const isSpan = (start ?? 0) >= 0 && (end ?? Number.POSITIVE_INFINITY) > (start ?? 0);
  if (isPart && (kind === 'image' || !isSpan)) return noPart(mediumName({ ...named, path }), kind);
  return {
    ...{ kind, path, files },
    ...(frames ? { frames } : {}),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

function kindOf(path: string, files: readonly FileEntry[]): MediumKind {
  const [first = { path: '' }] = files;
  if (isImage(first.path)) return files.length > 1 || !isImage(path) ? 'video' : 'image';
  return isVideo(first.path) ? 'video' : 'audio';
}

/** A file is what it is, whatever the column is called; of a video a row may name the sound alone. */
function kindAs({ kind: named, path }: NamedMedium, own: MediumKind, file: string): MediumKind | Problem {
  if (named === undefined || named === own || named === 'video') return own;
  if (named === 'audio' && own === 'video' && isVideo(file)) return 'audio';
  const words = { video: 'a video', image: 'a picture', audio: 'sound' };
  return {
    reason: 'row malformed',
    message: `${shortened(path)} is ${words[own]}, and its row names it as ${words[named]}.`,
    hint: `Name ${words[named]} there, or name the file in a column "${own}".`,
  };
}

function noPart(what: string, kind: MediumKind): Problem {
  return {
    reason: 'row malformed',
    message: `${shortened(what)}: ${kind === 'image' ? 'a picture has no part that lasts from one second to another' : 'expected a part that begins at 0 s or later and ends after it began'}.`,
    hint: 'Write start and end in seconds, or leave both out for the whole file.',
  };
}

function clipOf({ path: wanted }: NamedMedium, row: AnnotationRow, clips: ClipIndex): Clip | Problem {
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
  return isUndecoded(match.clip.path) ? ofUnreadType(match.clip.path) : match.clip;
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

const whatOf = (row: AnnotationRow, { media }: Found): string =>
  media.length === 0 ? `"${shortened(row.question ?? '')}"` : mediaName({ media });

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
