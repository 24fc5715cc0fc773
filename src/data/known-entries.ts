/** Entries with columns of any names → entries with the keys that rows are read by, and what was taken for what. */

import { isMedia } from '../protocol/clip-types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import type { ColumnChoice } from '../protocol/reading.ts';
import { withChosen } from './chosen-columns.ts';
import { squeezed } from './column-names.ts';
import { textOf } from './column-values.ts';
import { type Columns, chooseColumns } from './columns.ts';
import { type Composed, composedPath } from './composed-path.ts';
import { labelOfScores } from './emotion-scores.ts';
import { asks } from './entry/asked.ts';
import { optionColumns } from './entry/options.ts';
import { type Part, partIn } from './entry/part.ts';
import { isProblem } from './entry/problem.ts';
import type { HowRead } from './how-read.ts';
import { isRecord, type Json } from './json-shapes.ts';
import { Votes } from './rater-columns.ts';
import type { Described } from './readers/dataset-info.ts';

/** An entry and where it stands, from 1: line of a table, position in a list. */
export interface Entry {
  readonly row: number;
  readonly item: unknown;
  /** Its columns as written; absent where the item itself is as written. */
  readonly columns?: Json;
  /** Seconds, of a part of the recording that it names. */
  readonly part?: Part;
  /** The item before its clip, label, speaker and split were chosen. */
  readonly before?: Json;
}

/** Among which files a list stands. */
export interface Beside {
  /** Whether there are clips: then every row is about one. Without any, a row may ask by itself. */
  readonly clips: boolean;
  /** Paths of the clips. */
  readonly paths: readonly string[];
  /** Whether a list's text names a clip, or several. */
  isClip(text: string, file: string): boolean;
  /** What a person chose of how lists are read, and whom to tell of it. */
  readonly how: HowRead;
  /** How LLaMA-Factory's dataset_info.json describes lists, by their paths. */
  readonly described?: ReadonlyMap<string, Described>;
}

export interface KnownEntries {
  readonly entries: readonly Entry[];
  readonly issues: readonly DataIssue[];
  /** Which columns were taken, where that is not plain from their names; '' else. */
  readonly taken: string;
  readonly hasPath: boolean;
  readonly hasLabel: boolean;
  /** Columns that are read in the place of those that their names would say. */
  readonly moved: ColumnChoice;
}

/** Keys that are read as they are, so that nothing is chosen and nothing needs saying. */
const PLAIN = {
  path: ['video', 'audio', 'image', 'path', 'clip', 'file', 'filename', 'videoname', 'name'],
  label: ['label', 'emotion', 'class', 'solution', 'answer'],
};

export function knownEntries(file: string, entries: readonly Entry[], beside: Beside): KnownEntries {
  const items = entries.map(({ item }) => item).filter(isRecord);
  const columns = chooseColumns(items, {
    isClip: (path) => beside.isClip(path, file),
    hasNoClips: !beside.clips,
    isText: !beside.clips && items.some(asks),
    how: beside.how,
  });
  const composed = columns.isPathFound ? undefined : composedPath(file, items, beside.paths);
  const { names } = columns;
  beside.how.addList({ file, names: [...names], taken: takenRoles(columns, { composed, items }) });
  const issues = columns.unusedSplits.map((name) => unusedSplit(file, name, columns.split));
  const known: Entry[] = [];
  const votes = new Votes(columns.raters, items, beside.how);
  for (const entry of entries) {
    const read = isRecord(entry.item)
      ? rewritten({ file, entry, item: entry.item }, { columns, composed, beside, votes })
      : entry;
    if ('reason' in read) issues.push(read);
    else known.push(read);
  }
  return {
    entries: known,
    issues,
    taken: takenOf(columns, composed),
    hasPath: columns.path !== undefined || composed !== undefined,
    hasLabel: columns.label !== undefined || columns.raters.length > 0 || columns.scores !== undefined,
    moved: columns.moved,
  };
}

interface Placed {
  readonly file: string;
  readonly entry: Entry;
  readonly item: Json;
}

interface Taking {
  readonly columns: Columns;
  readonly composed: Composed | undefined;
  readonly beside: Beside;
  readonly votes: Votes;
}

function rewritten(
  { file, entry: { row, columns: written, part }, item }: Placed,
  { columns, composed, beside, votes }: Taking,
): Entry | DataIssue {
  const before = withChosen(item, columns.moved);
  const known: Record<string, unknown> = { ...before };
  const named = part ?? partIn(item, columns.moved);
  if (isProblem(named)) return { file, row, hint: 'The row was left out.', ...named };
  const entry = { row, item: known, before, columns: written ?? item, part: named };
  if (columns.split !== undefined) known.split = item[columns.split];
  // What asks without a clip has its own keys.
  if (!beside.clips && asks(known)) return entry;
  const problem = (reason: DataIssue['reason'], message: string, hint: string) => ({
    reason,
    file,
    row,
    message,
    hint,
  });
  const { media, video, image, audio } = columns.moved;
  if (composed) {
    const found = composed.find(item);
    if ('wanted' in found) {
      const many =
        found.paths.length > 0 ? `could be ${found.paths.slice(0, 3).join(' or ')}` : 'is not in the folder';
      const reason = found.paths.length > 0 ? 'clip ambiguous' : 'clip missing';
      return problem(
        reason,
        `The clip ${found.wanted} (${composed.columns.join(' + ')}) ${many}.`,
        'The row was left out.',
      );
    }
    known.video = found.path;
  } else if (columns.path !== undefined && [media, video, image, audio].every((name) => name === undefined)) {
    const path = textOf(item[columns.path]);
    if (beside.clips || isMedia(path)) known.video = path;
  }
  if (!Array.isArray(item.conversations)) {
    if (columns.scores) {
      const highest = labelOfScores(item, columns.scores);
      if ('why' in highest)
        return problem(
          'raters disagree',
          `${textOf(known.video ?? known.clip)}: ${highest.why}.`,
          'The row was left out; write one label.',
        );
      known.label = highest.label;
    } else if (columns.raters.length > 0) {
      const said = votes.of(item);
      if (said.word === undefined) {
        return problem(
          'raters disagree',
          `${textOf(known.video ?? known.clip)}: ${said.why}.`,
          'The row was left out; decide, and write one label.',
        );
      }
      known.label = said.word;
    } else if (
      columns.label !== undefined &&
      columns.moved.answer === undefined &&
      (item[columns.label] ?? '') !== ''
    )
      known.label = item[columns.label];
  }
  if (columns.speaker !== undefined) known.speaker = item[columns.speaker];
  return entry;
}

function takenOf(columns: Columns, composed: Composed | undefined): string {
  const { path, label, raters, scores, split, otherLabels } = columns;
  const isKnown = (name: string | undefined, names: readonly string[]) =>
    name === undefined || names.includes(squeezed(name));
  const isPlain =
    !composed &&
    isKnown(path, PLAIN.path) &&
    isKnown(label, PLAIN.label) &&
    otherLabels.length + raters.length === 0 &&
    !scores;
  if (isPlain || (path === undefined && !composed)) return '';
  const parts = [
    `clip: ${composed ? composed.columns.join(' + ') : path}`,
    `label: ${labelTaken(columns)}`,
    ...(otherLabels.length > 0 ? [`not ${otherLabels.join(', ')}`] : []),
    ...(split === undefined ? [] : [`split: ${split}`]),
  ];
  return parts.join(', ');
}

function labelTaken({ label, raters, scores }: Columns): string {
  if (scores) return `${scores.isAll ? 'all above 0' : 'the highest'} of ${scores.names.join(', ')}`;
  return raters.length > 0 ? `most of ${raters.join(', ')}` : (label ?? '');
}

/** Roles and the columns that say them. */
function takenRoles(
  columns: Columns,
  { composed, items }: { readonly composed: Composed | undefined; readonly items: readonly Json[] },
): ColumnChoice {
  const { path, answer, raters, scores, speaker, split, question, kinds, moved } = columns;
  const media = composed ? composed.columns.join(' + ') : path;
  const several = [...raters, ...(scores?.names ?? [])];
  const said = several.length > 0 ? several.join(', ') : answer;
  // Where nothing is asked, nothing is chosen from.
  const options = question === undefined ? undefined : optionColumns(items);
  const isOfKind = [{ ...kinds, ...moved }].some(({ video, image, audio }) =>
    [video, image, audio].some((name) => name !== undefined),
  );
  return {
    ...(media === undefined || isOfKind ? {} : { media }),
    ...(question === undefined ? {} : { question }),
    ...(options === undefined ? {} : { options: options.join(', ') }),
    ...(said === undefined ? {} : { answer: said }),
    ...(split === undefined ? {} : { split }),
    ...(speaker === undefined ? {} : { speaker }),
    ...(composed ? {} : kinds),
    ...moved,
  };
}

function unusedSplit(file: string, name: string, used: string | undefined): DataIssue {
  return {
    reason: 'column not used',
    file,
    message: `The column "${name}" looks like a split, but was not used${used === undefined ? '' : `: "${used}" was`}.`,
    hint: 'Name the column "split" and write train, val or test into it to have it used.',
  };
}
