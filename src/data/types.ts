import type { FileEntry } from '../io/files/files.ts';
import type { DataIssue, DataKind, Split } from '../protocol/messages.ts';

/** What a row says. */
interface Labelled {
  readonly label: string;
  /** The label's word in the data, before synonyms and labels.json. */
  readonly writtenLabel: string;
  /** The row's own question without media tags; null when it has none. */
  readonly question: string | null;
  /** What stands before the question in the row's own chat; of questions about clips it is not read. */
  readonly system?: string;
  /** What supervised training imitates: the row's whole answer, which may hold a thinking part around the label. */
  readonly answer: string;
  /** Who is seen and heard; null when the data does not say. */
  readonly speaker: string | null;
  /** What else the data says of the clip, for people. */
  readonly note?: string;
}

/** What is asked, and the right answer: about a clip, or of text alone. */
export interface Example extends Labelled {
  /** Unique in the data set: the clip's path; without a clip, where the row stands. */
  readonly id: string;
  readonly split: Split;
  /** Path in the dropped folder: of the clip's file, or of the folder that holds its pictures. Absent without a clip. */
  readonly path?: string;
  /** The clip's file; for a folder of images its pictures in order. Absent without a clip. */
  readonly files?: readonly FileEntry[];
}

/** An example with its clip. */
export type ClipExample = Example & Required<Pick<Example, 'path' | 'files'>>;

export const hasClip = (example: Example): example is ClipExample => example.files !== undefined;

/** An example before the data set is divided; null = the data gives it no split. */
export type Undivided = Omit<Example, 'split'> & { readonly split: Split | null };

/** A row of an annotation file, not yet matched with a clip. */
export interface AnnotationRow extends Labelled {
  readonly file: string;
  /** 1-based: line of a table, position in a JSON list. Absent where a clip's own path is the row. */
  readonly row?: number;
  /** The clip; null where the row asks without one. */
  readonly path: string | null;
  readonly split: Split | null;
}

/** The folds of a data set that comes in them, counted from 1. */
export interface Folds {
  readonly chosen: number;
  readonly available: readonly number[];
}

export interface Dataset {
  readonly name: string;
  /** What its examples are: labelled clips, or questions with their answers. */
  readonly kind: DataKind;
  readonly examples: readonly Example[];
  /** What was left out, by file and row. Never stops the rest. */
  readonly issues: readonly DataIssue[];
  /** Rows read, skipped ones included. */
  readonly rows: number;
  /** 'R1-Omni JSON' and the like, for people. */
  readonly format: string;
  /** How the splits were made, a sentence. */
  readonly division: string;
  readonly folds?: Folds;
}
