/** What the page is told of a data set: its clips and labels, what was left out of it, what the model gets of a clip. */
import { ownQuestions } from './own-questions.ts';
import { ask, columnChoice, listColumns } from './reading.ts';
import { blob, floats, longArray, z } from './shapes.ts';

export const sourceFile = z.object({
  /** Path inside the folder, `/`-separated, beginning with the folder's own name if there is one. */
  path: z.string(),
  file: z.custom<File>((value) => value instanceof File, 'expected a File'),
});
/** One file of a dropped or chosen folder. */
export type SourceFile = z.infer<typeof sourceFile>;

export const SPLITS = ['train', 'val', 'test'] as const;
export const splitName = z.enum(SPLITS);
export type Split = z.infer<typeof splitName>;
const bySplit = z.record(splitName, z.number());

const skipReason = z.enum([
  'file unreadable',
  'list missing',
  'row malformed',
  'no question',
  'no answer',
  'row repeated',
  'label contradicted',
  'label unknown',
  'name not understood',
  'clip missing',
  'clip ambiguous',
  'clip empty',
  'clip unreadable',
  'not for this model',
  'one sense only',
  'song, not speech',
  'class unclear',
  'label missing',
  'raters disagree',
  'raters counted',
  'lists overlap',
  'file set aside',
  'column not used',
  'nothing to read',
]);
/** Why something of a data set was left out. */
export type SkipReason = z.infer<typeof skipReason>;

const dataIssue = z.object({
  reason: skipReason,
  file: z.string(),
  /** 1-based row in a table file, where there is one. */
  row: z.number().optional(),
  message: z.string(),
  hint: z.string().optional(),
});
/** Something of the data that was left out and did not stop the rest, or that is worth knowing. */
export type DataIssue = z.infer<typeof dataIssue>;

/** Reasons that leave no row out: what they say of is worth knowing. */
const NOTES: readonly SkipReason[] = [
  ...(['lists overlap', 'file set aside', 'column not used', 'raters counted', 'list missing'] as const),
];
/** Whether an issue left nothing out. */
export const isNote = ({ reason }: Pick<DataIssue, 'reason'>): boolean => NOTES.includes(reason);

const reading = z.object({
  /** Lists of rows, and which of their columns were taken for what. */
  lists: longArray(listColumns),
  /** The columns that a person chose. */
  chosen: columnChoice,
  /** What is asked and open: no run begins before it is answered. */
  asks: z.array(ask),
  answered: z.array(ask),
});
const dataKind = z.enum(['clips', 'questions']);
/** What the examples of a data set are. A model takes one of the two. */
export type DataKind = z.infer<typeof dataKind>;

const exampleInfo = z.object({
  id: z.string(),
  /** Of the clip; without one, where the row stands. */
  path: z.string(),
  /** The row's own. */
  question: z.string().optional(),
  label: z.string(),
  split: splitName,
  /** What else the data says of the clip, for people. */
  note: z.string().optional(),
  /** It turned out to be unreadable: no run uses it, and no count has it. */
  leftOut: z.literal(true).optional(),
});
export type ExampleInfo = z.infer<typeof exampleInfo>;

const labelCount = z.object({
  label: z.string(),
  count: z.number(),
  splits: bySplit,
  /** Other words that the data writes for it. */
  writtenAs: z.array(z.string()),
});
/** A label and the clips that have it. */
export type LabelCount = z.infer<typeof labelCount>;

export const dataSummary = z.object({
  /** Of the folder. */
  name: z.string(),
  kind: dataKind,
  /** 'R1-Omni JSON', 'DFEW' and the like, for people. */
  format: z.string(),
  count: z.number(),
  /** Rows or files met, those left out included. */
  rows: z.number(),
  /** Most clips first. */
  labels: longArray(labelCount),
  splits: bySplit,
  /** How the splits were made, a sentence. */
  division: z.string(),
  /** Where the data set comes in folds: those in the folder, and the one that was read. */
  folds: z.object({ chosen: z.number(), available: z.array(z.number()) }).optional(),
  examples: longArray(exampleInfo),
  questions: ownQuestions,
  /** Training examples whose answer has no answer tags. */
  bareAnswers: z.number().optional(),
  /** Examples whose problem_type is one of Video-R1's. */
  typedRows: z.number().optional(),
  /** What was left out, and notes. */
  issues: longArray(dataIssue),
  /** Counts of those issues that left something out, most first. */
  skipped: z.array(z.object({ reason: skipReason, count: z.number() })),
  reading: reading.optional(),
});
export type DataSummary = z.infer<typeof dataSummary>;

const bitmap = z.custom<ImageBitmap>(
  (value) => typeof ImageBitmap !== 'undefined' && value instanceof ImageBitmap,
  'expected a picture',
);

export const clipFile = z.object({
  /** For people, its part of a recording included. */
  name: z.string(),
  kind: z.enum(['video', 'image', 'audio']),
  /** A handle: no byte of it is read. Absent where a video lies as a folder of pictures. */
  file: blob.optional(),
  /** Seconds, of a part of a longer recording; absent: from its beginning, to its end. */
  start: z.number().optional(),
  end: z.number().optional(),
});
/** A file that a row shows or plays. */
export type ClipFile = z.infer<typeof clipFile>;

export const preview = z.object({
  exampleId: z.string(),
  /** The frames after the reference's choice and resize. */
  frames: z.array(bitmap),
  /** Peaks of the 16 kHz waveform, about a thousand values in [-1, 1]. */
  waveform: floats,
  /** Row-major [mels, columns], as the audio tower gets it (perhaps fewer columns, for display). */
  logMel: z.object({ mels: z.number(), columns: z.number(), values: floats }),
  /** The prompt with its placeholders. */
  prompt: z.string(),
  /** Prompt length in tokens, media included. */
  tokens: z.number(),
  seconds: z.number().optional(),
  /** What one may not expect of this prompt, a sentence each. */
  notes: z.array(z.string()).optional(),
  /** What supervised training would learn to say; of a question without a clip. */
  answer: z.string().optional(),
});
/** What the model really gets for one clip, or for one question. */
export type Preview = z.infer<typeof preview>;
