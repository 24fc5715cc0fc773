import type { FileEntry } from '../io/files.ts';
import type { DataIssue, Split } from '../protocol/messages.ts';

/** One labelled clip and what is asked about it. */
export interface Example {
  /** Unique in the data set: the clip's path, with '#2', '#3' … when several rows ask about the same clip. */
  readonly id: string;
  /** Path in the dropped folder: of the clip's file, or of the folder that holds its pictures. */
  readonly path: string;
  /** The clip's file; for a folder of images its pictures in order. */
  readonly files: readonly FileEntry[];
  readonly label: string;
  /** The row's own question without media tags; null when it has none. */
  readonly question: string | null;
  /** What supervised training imitates: the row's whole answer, which may hold a thinking part around the label. */
  readonly answer: string;
  readonly split: Split;
}

/** A row of an annotation file, not yet matched with a clip. */
export interface AnnotationRow {
  readonly file: string;
  /** 1-based: line of a table, position in a JSON list. Absent for a folder per class. */
  readonly row?: number;
  readonly path: string;
  readonly label: string;
  readonly question: string | null;
  readonly answer: string;
  readonly split: Split | null;
}

export interface Dataset {
  readonly name: string;
  readonly examples: readonly Example[];
  /** What was skipped or deserves a look, by file and row. Never stops the rest. */
  readonly issues: readonly DataIssue[];
  /** Rows read, skipped ones included. */
  readonly rows: number;
  /** 'R1-Omni JSON' and the like, for people. */
  readonly format: string;
}
