/** Lists about the same clips that say different things of them: one of them has to be chosen. */
import type { DataIssue } from '../protocol/messages.ts';
import type { Ask } from '../protocol/reading.ts';
import { groupBy } from './group-by.ts';
import type { HowRead } from './how-read.ts';
import { labelKey } from './labels.ts';
import { askedOf, plainQuestion } from './questions.ts';
import type { AnnotationRow } from './types.ts';

interface Settled {
  readonly rows: readonly AnnotationRow[];
  readonly issues: readonly DataIssue[];
}

/** The answer that takes every list, where no question about a clip is in two of them. */
const ALL = 'all';
const allOf = (rows: number): Ask['choices'][number] => ({
  choice: ALL,
  rows,
  example: 'each row with the question of its own',
});

/** Lists compared over one clip. */
const MOST_LISTS = 20;

/**
 * Asks which list is meant where at least half the clips of one are in another that gives any of them another label, answer,
 * question or split. `clipOf`: what a row is about; undefined where that is not found.
 */
export function settleLists(
  rows: readonly AnnotationRow[],
  clipOf: (row: AnnotationRow) => string | undefined,
  how: HowRead,
): Settled {
  const files = new Set(rows.map(({ file, row }) => (row === undefined ? '' : file)));
  files.delete('');
  if (files.size < 2) return { rows, issues: [] };
  const byClip = new Map<string, Map<string, AnnotationRow[]>>();
  const sizes = new Map<string, number>();
  for (const row of rows) {
    const clip = row.row === undefined ? undefined : clipOf(row);
    if (clip === undefined) continue;
    const lists = byClip.get(clip) ?? new Map<string, AnnotationRow[]>();
    byClip.set(clip, lists);
    const own = lists.get(row.file);
    if (own) own.push(row);
    else {
      lists.set(row.file, [row]);
      sizes.set(row.file, (sizes.get(row.file) ?? 0) + 1);
    }
  }
  const issues: DataIssue[] = [];
  const left = new Set<string>();
  for (const rivals of groupsOf(pairsOf(byClip.values()), sizes)) {
    const chosen = how.put(listAsk(rivals, rows, !asksAlike(rivals, byClip.values())));
    if (chosen === undefined || chosen === ALL) continue;
    for (const file of rivals.filter((each) => each !== chosen)) {
      left.add(file);
      issues.push(setAside(file, chosen));
    }
  }
  return { rows: left.size === 0 ? rows : rows.filter(({ file }) => !left.has(file)), issues };
}

interface Pair {
  readonly lists: readonly [string, string];
  clips: number;
  differ: number;
}

/** Lists that have a clip in common, with the first of each clip. */
function pairsOf(byClip: Iterable<ReadonlyMap<string, readonly AnnotationRow[]>>): Pair[] {
  const pairs = new Map<string, Pair>();
  for (const lists of byClip) {
    const [first, ...others] = [...lists].slice(0, MOST_LISTS);
    for (const other of others) {
      const key = JSON.stringify([first![0], other[0]]);
      const pair = pairs.get(key) ?? { lists: [first![0], other[0]], clips: 0, differ: 0 };
      pairs.set(key, pair);
      pair.clips++;
      if (doDiffer(first![1], other[1])) pair.differ++;
    }
  }
  return [...pairs.values()];
}

function doDiffer(a: readonly AnnotationRow[], b: readonly AnnotationRow[]): boolean {
  const said = (rows: readonly AnnotationRow[]) => new Set(rows.map(saidBy));
  const [x, y] = [said(a), said(b)];
  if (x.size !== y.size || [...x].some((each) => !y.has(each))) return true;
  const splits = [...a, ...b].map(({ split }) => split).filter((split) => split !== null);
  return new Set(splits).size > 1;
}

const saidBy = (row: AnnotationRow): string =>
  JSON.stringify([labelKey(row.label), row.answer.trim().toLowerCase(), askedOf(row)]);

/** Lists that belong together, by the pairs that differ and have most clips of either in common. */
function groupsOf(pairs: readonly Pair[], sizes: ReadonlyMap<string, number>): string[][] {
  const groups: string[][] = [];
  for (const { lists, clips, differ } of pairs) {
    const smaller = Math.min(...lists.map((file) => sizes.get(file) ?? 0));
    if (differ === 0 || clips * 2 < smaller) continue;
    const joined = groups.filter((group) => lists.some((file) => group.includes(file)));
    for (const group of joined) groups.splice(groups.indexOf(group), 1);
    groups.push([...new Set([...joined.flat(), ...lists])].sort());
  }
  return groups;
}

/** Whether two of the lists ask the same of a clip: then it would have two answers to one prompt. */
function asksAlike(
  lists: readonly string[],
  byClip: Iterable<ReadonlyMap<string, readonly AnnotationRow[]>>,
): boolean {
  for (const rows of byClip) {
    const asked = lists.flatMap((file) => [...new Set((rows.get(file) ?? []).map(askedOf))]);
    // A row without a question of its own is asked that of the run, which may be any.
    if (asked.length > 1 && (asked.includes(null) || new Set(asked).size < asked.length)) return true;
  }
  return false;
}

function listAsk(lists: readonly string[], rows: readonly AnnotationRow[], mayAll: boolean): Ask {
  const byList = groupBy(rows, ({ file }) => file);
  return {
    what: 'list',
    question: `${lists.length === 2 ? 'Two' : lists.length} lists are about the same clips and say different things of them. Which one is meant?`,
    choices: [
      ...lists.map((choice) => {
        const own = byList.get(choice) ?? [];
        const [first] = own;
        return { choice, rows: own.length, ...(first ? { example: exampleOf(first) } : {}) };
      }),
      ...(mayAll ? [allOf(lists.reduce((sum, list) => sum + (byList.get(list)?.length ?? 0), 0))] : []),
    ],
  };
}

const MOST_SHOWN = 120;

function exampleOf({ question, answer }: AnnotationRow): string {
  const text = `${question === null ? '' : `${plainQuestion(question)} → `}${answer}`
    .replaceAll(/\s+/g, ' ')
    .trim();
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function setAside(file: string, chosen: string): DataIssue {
  return {
    reason: 'file set aside',
    file,
    message: `${file} was not taken, as ${chosen} was chosen for the same clips.`,
    hint: 'Choose the other list to train on it.',
  };
}
