/** Lists of clips with a label each, in the words or codes of a published data set. */
import type { DataIssue, Split } from '../../protocol/messages.ts';
import { canonicalLabel, type LabelMap } from '../labels.ts';
import type { ReadRows } from '../rows.ts';
import type { AnnotationRow } from '../types.ts';

export interface ListEntry {
  /** Line of the list, from 1. */
  readonly row: number;
  readonly clip: string;
  /** The label's word, or what stands in its place. */
  readonly label: string;
}

export interface ListContext {
  readonly file: string;
  readonly split: Split | null;
  /** The data set's labels. */
  readonly known: readonly string[];
  readonly ownLabels: LabelMap;
  /** Where the clip of that name lies. */
  pathOf(clip: string): string;
}

export function rowsOfList(entries: readonly ListEntry[], context: ListContext): ReadRows {
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [];
  for (const entry of entries) {
    const read = rowOf(entry, context);
    if ('reason' in read) issues.push(read);
    else rows.push(read);
  }
  return { rows, issues, met: entries.length };
}

function rowOf(
  { row, clip, label: writtenLabel }: ListEntry,
  context: ListContext,
): AnnotationRow | DataIssue {
  const { file, split, known, ownLabels, pathOf } = context;
  if (clip === '' || writtenLabel === '') {
    const message = `Expected the name of a clip and a label, found "${clip}" and "${writtenLabel}".`;
    return { reason: 'row malformed', file, row, message, hint: 'The row was skipped.' };
  }
  const label = canonicalLabel(writtenLabel, known, ownLabels);
  if (label === undefined) {
    const message = `${clip}: the label "${writtenLabel}" is none of ${known.join(', ')}.`;
    const hint = `To use it, put a labels.json with {"${writtenLabel}": "…"} into the folder.`;
    return { reason: 'label unknown', file, row, message, hint };
  }
  const media = [{ path: pathOf(clip) }];
  return { file, row, media, label, writtenLabel, question: null, answer: label, speaker: null, split };
}
