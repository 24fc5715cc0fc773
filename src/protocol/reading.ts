/** How a data set was read: which of its columns say what, and what has to be asked where it could be meant in several ways. */
import { z } from './shapes.ts';

export const ROLES = [
  ...(['media', 'video', 'image', 'audio', 'question', 'options'] as const),
  ...(['answer', 'split', 'speaker', 'start', 'end', 'system'] as const),
] as const;
const role = z.enum(ROLES);
/** What a column of a list can say of a row. `media`: whatever its files are. */
export type Role = z.infer<typeof role>;

export const columnChoice = z.partialRecord(role, z.string());
/** The columns that a person chose. */
export type ColumnChoice = z.infer<typeof columnChoice>;

export const askAnswers = z.record(z.string(), z.string());
/** What a person chose of what was asked, by `Ask.what`. */
export type AskAnswers = z.infer<typeof askAnswers>;

/** What may be asked of a data set. */
export const ASKS = ['list', 'label', 'question', 'raters', 'level', 'part', 'options', 'codes'] as const;

export const ask = z.object({
  /** The same for the same question in every data set. */
  what: z.enum(ASKS),
  /** For people. */
  question: z.string(),
  choices: z.array(
    z.object({
      choice: z.string(),
      /** Rows, or clips, that it leaves. */
      rows: z.number(),
      /** What it makes of some of them. */
      example: z.string().optional(),
    }),
  ),
  /** Absent: it is open. */
  chosen: z.string().optional(),
});
/** Something of a data set that can be meant in several ways. Nothing trains before it is answered. */
export type Ask = z.infer<typeof ask>;

export const listColumns = z.object({
  file: z.string(),
  /** All of its columns, or keys. */
  names: z.array(z.string()),
  /** The column that was taken for each role; several that say it together as one text. */
  taken: columnChoice,
});
/** A list of rows, and how its columns were taken. */
export type ListColumns = z.infer<typeof listColumns>;

/** What was asked and is open, as lines for people. */
export function askLines(
  { what, question, choices }: Ask,
  how: (what: string, choice: string) => string,
): string[] {
  return [
    question,
    ...choices.map(
      ({ choice, rows, example }) =>
        `  ${how(what, choice)}  ${rows} ${rows === 1 ? 'row' : 'rows'}${example === undefined ? '' : `, for example ${example}`}`,
    ),
  ];
}
