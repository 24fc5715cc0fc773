/** Clips with several rows in one list, as several raters give them: the label of most is taken, and a tie is left out. */
import type { DataIssue } from '../protocol/messages.ts';
import type { Ask } from '../protocol/reading.ts';
import { groupBy } from './group-by.ts';
import type { HowRead } from './how-read.ts';
import { labelKey } from './labels.ts';
import { askedOf } from './questions.ts';
import { type AnnotationRow, mediaName } from './types.ts';

interface Settled {
  readonly rows: readonly AnnotationRow[];
  readonly issues: readonly DataIssue[];
}

export const UNANIMOUS = 'unanimous';

/** Whether most raters decide, or all of them have to agree. `who`: the list, or the columns. */
export function ratersAsk(who: string, { settled, unanimous }: { settled: number; unanimous: number }): Ask {
  return {
    what: 'raters',
    question: `Several raters (${who}) do not always agree. Which clips count?`,
    choices: [
      { choice: 'majority', rows: settled, example: 'the label that most of them give; ties are left out' },
      { choice: UNANIMOUS, rows: unanimous, example: 'only where all of them give the same label' },
    ],
  };
}

/** Votes listed in a message. */
const NAMED = 6;

/**
 * Rows whose labels agree with most of those that their list has on the same clip. A list with several rows on most of its
 * clips is one of raters: one row a clip is left. Elsewhere the others stay and are told one by one, as are those whose clip
 * is not found. Whether most of them decide is asked.
 */
export function settleRaters(
  rows: readonly AnnotationRow[],
  isFound: (row: AnnotationRow) => boolean,
  how: HowRead,
): Settled {
  // Splits may name their clips alike.
  const groups = groupBy(rows, (one) => {
    const { file, media, row, split } = one;
    const isAlone = row === undefined || media.length === 0;
    return JSON.stringify([file, mediaName({ media }), ...(isAlone ? ['alone'] : [askedOf(one), split])]);
  });
  const rated = ratedLists([...groups.values()]);
  const isUnanimous = [...rated]
    .map(([file, counts]) => how.put(ratersAsk(file, counts)))
    .includes(UNANIMOUS);
  const settled = new Map<AnnotationRow, readonly AnnotationRow[]>();
  const issues: DataIssue[] = [];
  for (const group of groups.values()) {
    const votes = votesOf(group);
    if (votes.length < 2) continue;
    const isRated = rated.has(group[0]!.file);
    const isAgreed = new Set(votes.map(({ label }) => labelKey(label))).size === 1;
    if ((isAgreed && !isRated) || !isFound(group[0]!)) continue;
    const winner = isRated && isUnanimous && !isAgreed ? undefined : mostVoted(votes);
    if (!winner) issues.push(isRated && isUnanimous ? notAgreed(votes) : tie(votes));
    const kept = winner ? [winner, ...(isRated ? [] : group.filter((row) => row !== winner))] : [];
    for (const row of group) settled.set(row, row === group[0] ? kept : []);
  }
  const counted = [...rated].map(([file, { clips, count }]) => ratersOf(file, { clips, count }, isUnanimous));
  return { rows: rows.flatMap((row) => settled.get(row) ?? [row]), issues: [...counted, ...issues] };
}

/** Entries of a group: the answers of one entry are no votes of several raters. */
const votesOf = (group: readonly AnnotationRow[]): AnnotationRow[] =>
  [...new Map([...group].reverse().map((row) => [row.row, row])).values()].reverse();

interface RatedList {
  /** Clips with several rows, and these rows. */
  readonly clips: number;
  readonly count: number;
  /** Clips that most raters, and that all of them, agree on; those with one rater among them. */
  readonly settled: number;
  readonly unanimous: number;
}

/** Lists in which most clips have several rows, and these differ somewhere. */
function ratedLists(groups: readonly (readonly AnnotationRow[])[]): Map<string, RatedList> {
  const rated = new Map<string, RatedList>();
  for (const [file, of] of groupBy(groups, ([first]) => first!.file)) {
    const several = of.map(votesOf).filter(({ length }) => length > 1);
    const agreed = several.filter((votes) => new Set(votes.map(({ label }) => labelKey(label))).size === 1);
    if (agreed.length === several.length || several.length < 2 || several.length * 2 <= of.length) continue;
    const single = of.length - several.length;
    rated.set(file, {
      clips: several.length,
      count: several.reduce((sum, { length }) => sum + length, 0),
      settled: single + several.filter((votes) => mostVoted(votes)).length,
      unanimous: single + agreed.length,
    });
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

const tie = (votes: readonly AnnotationRow[]): DataIssue =>
  disagreement(votes, `no label that most of its ${votes.length} rows give`);

const notAgreed = (votes: readonly AnnotationRow[]): DataIssue =>
  disagreement(votes, `no label that all of its ${votes.length} rows give`);

function disagreement(votes: readonly AnnotationRow[], lack: string): DataIssue {
  const [first] = votes as [AnnotationRow];
  const said = votes.slice(0, NAMED).map(({ label, row }) => `"${label}" in row ${row}`);
  return {
    reason: 'raters disagree',
    file: first.file,
    ...(first.row === undefined ? {} : { row: first.row }),
    message: `${mediaName(first)} has ${lack}: ${said.join(', ')}${votes.length > NAMED ? ' …' : ''}.`,
    hint: 'The clip was left out; decide, and leave one row.',
  };
}

function ratersOf(
  file: string,
  { clips, count }: Pick<RatedList, 'clips' | 'count'>,
  isUnanimous: boolean,
): DataIssue {
  return {
    reason: 'raters counted',
    file,
    message: `${clips} clips have ${count} rows, several each as of several raters: the label that ${isUnanimous ? 'all' : 'most'} of them give was taken.`,
    hint: `Where no label has ${isUnanimous ? 'all' : 'most'} votes, the clip was left out and is listed.`,
  };
}
