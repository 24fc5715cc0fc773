/** Clips with several rows in one list, as several raters give them: the label of most is taken, and a tie is left out. */
import type { DataIssue } from '../protocol/messages.ts';
import { groupBy } from './group-by.ts';
import { labelKey } from './labels.ts';
import { plainQuestion } from './questions.ts';
import { type AnnotationRow, mediaName } from './types.ts';

interface Settled {
  readonly rows: readonly AnnotationRow[];
  readonly issues: readonly DataIssue[];
}

/** Votes listed in a message. */
const NAMED = 6;

/**
 * Rows whose labels agree with most of those that their list has on the same clip. A list with several rows on most of its
 * clips is one of raters: one row a clip is left. Elsewhere the others stay and are told one by one, as are those whose clip
 * is not found.
 */
export function settleRaters(
  rows: readonly AnnotationRow[],
  isFound: (row: AnnotationRow) => boolean,
): Settled {
  // Splits may name their clips alike.
  const groups = groupBy(rows, ({ file, media, row, question, split }) =>
    JSON.stringify(
      row === undefined || media.length === 0
        ? [file, mediaName({ media }), 'alone']
        : [file, mediaName({ media }), plainQuestion(question ?? ''), split],
    ),
  );
  const rated = ratedLists([...groups.values()]);
  const settled = new Map<AnnotationRow, readonly AnnotationRow[]>();
  const issues: DataIssue[] = [];
  for (const group of groups.values()) {
    const votes = votesOf(group);
    if (votes.length < 2) continue;
    const isRated = rated.has(group[0]!.file);
    const isAgreed = new Set(votes.map(({ label }) => labelKey(label))).size === 1;
    if ((isAgreed && !isRated) || !isFound(group[0]!)) continue;
    const winner = mostVoted(votes);
    if (!winner) issues.push(tie(votes));
    const kept = winner ? [winner, ...(isRated ? [] : group.filter((row) => row !== winner))] : [];
    for (const row of group) settled.set(row, row === group[0] ? kept : []);
  }
  const counted = [...rated].map(([file, { clips, count }]) => ratersOf(file, clips, count));
  return { rows: rows.flatMap((row) => settled.get(row) ?? [row]), issues: [...counted, ...issues] };
}

/** Entries of a group: the answers of one entry are no votes of several raters. */
const votesOf = (group: readonly AnnotationRow[]): AnnotationRow[] =>
  [...new Map([...group].reverse().map((row) => [row.row, row])).values()].reverse();

/** Lists in which most clips have several rows, and these differ somewhere. */
function ratedLists(
  groups: readonly (readonly AnnotationRow[])[],
): Map<string, { clips: number; count: number }> {
  const rated = new Map<string, { clips: number; count: number }>();
  for (const [file, of] of groupBy(groups, ([first]) => first!.file)) {
    const several = of.map(votesOf).filter(({ length }) => length > 1);
    const differ = several.some((votes) => new Set(votes.map(({ label }) => labelKey(label))).size > 1);
    const count = several.reduce((sum, { length }) => sum + length, 0);
    if (differ && several.length > 1 && several.length * 2 > of.length)
      rated.set(file, { clips: several.length, count });
  }
  return rated;
}

/** The first row with the label that more rows have than any other; undefined for a tie. */
function mostVoted(votes: readonly AnnotationRow[]): AnnotationRow | undefined {
  const [first, second] = [...groupBy(votes, ({ label }) => labelKey(label)).values()].sort(
    (a, b) => b.length - a.length,
  );
  return first!.length > (second?.length ?? 0) ? first![0] : undefined;
}

function tie(votes: readonly AnnotationRow[]): DataIssue {
  const [first] = votes as [AnnotationRow];
  const said = votes.slice(0, NAMED).map(({ label, row }) => `"${label}" in row ${row}`);
  return {
    reason: 'raters disagree',
    file: first.file,
    ...(first.row === undefined ? {} : { row: first.row }),
    message: `${mediaName(first)} has no label that most of its ${votes.length} rows give: ${said.join(', ')}${votes.length > NAMED ? ' …' : ''}.`,
    hint: 'The clip was left out; decide, and leave one row.',
  };
}

function ratersOf(file: string, clips: number, count: number): DataIssue {
  return {
    reason: 'row repeated',
    file,
    message: `${clips} clips have ${count} rows, several each as of several raters: the label that most of them give was taken.`,
    hint: 'Where no label has most votes, the clip was left out and is listed.',
  };
}
