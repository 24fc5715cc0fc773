import type { FileEntry, FileTree } from '../io/files/files.ts';
import { deriveSeed } from '../math/random.ts';
import type { MediumKind } from '../media/types.ts';
import { isVideo } from '../protocol/clip-types.ts';
import type { DataIssue, DataKind, Split } from '../protocol/messages.ts';
import type { ToldReading } from './how-read.ts';
import type { Json } from './json-shapes.ts';

export type { MediumKind } from '../media/types.ts';

/** Something that a row shows or plays, by the path that the row writes. */
export interface NamedMedium {
  readonly path: string;
  /** Absent where the file's own type says it. */
  readonly kind?: MediumKind;
  /** Of a video that the row writes picture by picture: the paths of these in order; `path` is the first. */
  readonly frames?: readonly string[];
  /** Seconds, of a part of a longer recording; absent: from its beginning, to its end. */
  readonly start?: number;
  readonly end?: number;
}

/** Something that is shown or played, found in the dropped folder. */
export interface Medium extends NamedMedium {
  /** Of the file, or of the folder that holds its pictures. */
  readonly path: string;
  readonly kind: MediumKind;
  /** The file; of a folder of pictures each of them in order. */
  readonly files: readonly FileEntry[];
}

/** A turn of a chat before the question. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** What a row says. */
interface Labelled {
  readonly label: string;
  /** The label's word in the data, before synonyms and labels.json. */
  readonly writtenLabel: string;
  /**
   * The row's own question; null when it has none. Turns and question hold one tag (<image>, <video>, <audio>) for each of
   * the media, in their order, or none at all: then the media stand before the first turn of the user.
   */
  readonly question: string | null;
  /** What stands before the question in the row's own chat. */
  readonly system?: string;
  /** Turns of the row's own chat before the question: earlier ones, or examples of answers. */
  readonly turns?: readonly Turn[];
  /** What supervised training imitates: the row's whole answer, which may hold a thinking part around the label. */
  readonly answer: string;
  /** Who is seen and heard; null when the data does not say. */
  readonly speaker: string | null;
  /** What else the data says of the clip, for people. */
  readonly note?: string;
  /** Every column of its row as it is written; absent where a folder or a file's name says everything. */
  readonly columns?: Json;
}

/** The file of a row, and its place there from 1; without one where a clip's own path is the row. */
export interface RowPlace {
  readonly file: string;
  readonly row?: number;
}

/** What is asked, and the right answer: about what is shown or played, or of text alone. */
export interface Example extends Labelled {
  /** Unique in the data set: the path of what is shown; without any, where the row stands. */
  readonly id: string;
  readonly split: Split;
  /** What is shown or played, in the order of the row; none of text alone. */
  readonly media: readonly Medium[];
  /** Where its row stands, for messages. */
  readonly place?: RowPlace;
}

/** An example that shows or plays something. */
export type ClipExample = Example & { readonly media: readonly [Medium, ...Medium[]] };

export const hasClip = (example: Example): example is ClipExample => example.media.length > 0;

/** What an example shows or plays, as one name for people and as a key: "a.mp4", "a.mp4 from 3 to 4.5 s, sound of b.mp4". */
export const mediaName = ({ media }: { readonly media: readonly NamedMedium[] }): string =>
  media.map(mediumName).join(', ');

export function mediumName({ path, kind, frames, start, end }: NamedMedium): string {
  const sound = kind === 'audio' && isVideo(path) ? 'sound of ' : '';
  return sound + path + restOf(frames) + partOf(start, end);
}

/** What follows the first of several pictures; their paths' hash tells apart those that begin and end alike. */
function restOf(frames: readonly string[] = []): string {
  if (frames.length < 2) return '';
  const hash = deriveSeed(0, frames.join('\n')).toString(16);
  return ` to ${frames.at(-1)} (${frames.length} pictures, ${hash})`;
}

function partOf(start: number | undefined, end: number | undefined): string {
  if (start === undefined && end === undefined) return '';
  return ` from ${start ?? 0} ${end === undefined ? 's on' : `to ${end} s`}`;
}

/** An example before the data set is divided; null = the data gives it no split. */
export type Undivided = Omit<Example, 'split'> & { readonly split: Split | null };

/** A row of an annotation file, not yet matched with a clip. */
export interface AnnotationRow extends Labelled {
  readonly file: string;
  /** 1-based: line of a table, position in a JSON list. Absent where a clip's own path is the row. */
  readonly row?: number;
  /** What it shows or plays; none where it asks without. */
  readonly media: readonly NamedMedium[];
  readonly split: Split | null;
}

/** The folds of a data set that comes in them, counted from 1. */
export interface Folds {
  readonly chosen: number;
  readonly available: readonly number[];
}

/** How it was read is told where it was read from a folder. */
export interface Dataset extends Partial<ToldReading> {
  readonly name: string;
  /** What its examples are: labelled clips, or questions with their answers. */
  readonly kind: DataKind;
  readonly examples: readonly Example[];
  /** What was left out, by file and row, and what is worth knowing. Never stops the rest. */
  readonly issues: readonly DataIssue[];
  /** Rows read, skipped ones included. */
  readonly rows: number;
  /** 'R1-Omni JSON' and the like, for people. */
  readonly format: string;
  /** How the splits were made, a sentence. */
  readonly division: string;
  readonly folds?: Folds;
  /** The dropped folder with what its archives hold; absent where it has none. */
  readonly opened?: FileTree;
}

export type ReadDataset = Dataset & ToldReading;
