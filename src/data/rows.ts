/** Entries of JSON, JSON Lines and tables → rows. The three differ in how entries are written, not in what these say. */
import { isMedia } from '../protocol/clip-types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import { describeJson, isRecord, type Json } from './json-shapes.ts';
import { type Beside, type Entry, type KnownEntries, knownEntries } from './known-entries.ts';
import { cleanLabel, type LabelMap, labelKey, oneSpelling } from './labels.ts';
import { speakerOfName } from './speaker-names.ts';
import { readSplit } from './split-words.ts';
import { asks, isProblem, QUESTION_KEYS, type RowProblem, readTextRow } from './text-rows.ts';
import type { AnnotationRow } from './types.ts';

export const PATH_KEYS: readonly string[] = [
  'video',
  'audio',
  'image',
  'path',
  'clip',
  'file',
  'filename',
  'file_name',
  'video_name',
  'name',
];
export const LABEL_KEYS: readonly string[] = ['label', 'emotion', 'class', 'solution', 'answer'];
const SPEAKER_KEYS = ['speaker', 'speaker_id', 'actor', 'actor_id', 'subject', 'subject_id'];
/** Columns of these names may mean something else where there are no clips. */
const VAGUE_PATH_KEYS = ['path', 'file', 'name'];
/** What was made of a file, or of a folder. */
export interface ReadRows {
  readonly rows: readonly AnnotationRow[];
  readonly issues: readonly DataIssue[];
  /** Rows met, good or bad. */
  readonly met: number;
}

/** Rows of a list, and which of its columns they were read from. */
export interface ReadList extends ReadRows, Pick<KnownEntries, 'taken' | 'hasPath' | 'hasLabel' | 'moved'> {}

export function rowsOfEntries(file: string, written: readonly Entry[], beside: Beside): ReadList {
  const { entries, issues: unread, ...taken } = knownEntries(file, written, beside);
  const rows: AnnotationRow[] = [];
  const issues = [...unread];
  for (const { row, item, columns = item } of entries) {
    const read = readRow(file, row, item, beside);
    if (Array.isArray(read)) {
      // One by one: an entry may hold more answers than a call takes arguments.
      for (const one of read) rows.push(isRecord(columns) ? { ...one, columns } : one);
    } else {
      const hint = 'The row was skipped; correct it and drop the folder again.';
      const problem = typeof read === 'string' ? { reason: 'row malformed' as const, message: read } : read;
      issues.push({ file, row, hint, ...problem });
    }
  }
  return { rows, issues, met: written.length, ...taken };
}

/** The rows of one entry (one per question and answer), or why there are none. */
function readRow(
  file: string,
  row: number,
  item: unknown,
  beside: Beside,
): AnnotationRow[] | string | RowProblem {
  if (!isRecord(item)) return `Expected an object with a clip and a label, found ${describeJson(item)}.`;
  const split = readSplit(item.split);
  if (typeof split === 'object' && split !== null)
    return `Unknown split ${JSON.stringify(item.split)}; train, val and test are known.`;
  const path = pathOf(item, beside);
  if (path === undefined) {
    if (beside.clips) return `No clip: none of ${PATH_KEYS.slice(0, 5).join(', ')} is a path.`;
    const read = readTextRow({ file, row, split }, item, resultOf);
    return isProblem(read) ? read : [read];
  }
  const speaker = speakerOf(item) ?? speakerOfName(path);
  const common = { file, row, media: [{ path }], speaker, split };
  const pairs = Array.isArray(item.conversations) ? conversationPairs(item.conversations) : flatPair(item);
  if (typeof pairs === 'string') return pairs;
  const problem = pairs.map(({ answer }) => problemOf(labelOf(answer))).find((said) => said !== '');
  if (problem) return `${path}: the label ${problem}.`;
  return pairs.map(({ question, answer }) => {
    const label = labelOf(answer);
    return { ...common, question, answer, label, writtenLabel: label };
  });
}

/** The clip that an entry names. Without clips around, a name that is none of a clip's is no clip where the entry asks something. */
function pathOf(item: Json, { clips }: Beside): string | undefined {
  const path = firstText(item, PATH_KEYS);
  if (path === undefined || clips || isMedia(path) || !asks(item)) return path;
  return firstText(
    item,
    PATH_KEYS.filter((key) => !VAGUE_PATH_KEYS.includes(key)),
  );
}

/** The label in an answer; '' where that says that there is none. */
const resultOf = (answer: string): string => (isNothing(labelOf(answer)) ? '' : labelOf(answer));

interface Pair {
  readonly question: string | null;
  readonly answer: string;
}

function conversationPairs(turns: readonly unknown[]): Pair[] | string {
  const pairs: Pair[] = [];
  let question: string | null = null;
  for (const turn of turns) {
    if (!isRecord(turn) || typeof turn.value !== 'string')
      return 'A turn of "conversations" is not {"from": …, "value": text}.';
    if (turn.from === 'human' || turn.from === 'user') question = withoutMediaTags(turn.value);
    else if (turn.from === 'gpt' || turn.from === 'assistant') pairs.push({ question, answer: turn.value });
  }
  return pairs.length > 0 ? pairs : '"conversations" holds no answer (a turn with "from": "gpt").';
}

function flatPair(item: Json): Pair[] | string {
  const answer = LABEL_KEYS.map((key) => item[key]).find(
    (value) => typeof value === 'string' || Number.isFinite(value),
  );
  if (answer === undefined) return `No label: neither "conversations" nor any of ${LABEL_KEYS.join(', ')}.`;
  const question = firstText(item, QUESTION_KEYS);
  return [{ question: question === undefined ? null : withoutMediaTags(question), answer: String(answer) }];
}

const OPEN = '<answer>';
const CLOSE = '</answer>';

/**
 * Where the text between the first answer tags begins and ends; undefined without them. By search and not by a regular
 * expression: one would begin a search for the end at every open tag of a long text that has no end.
 */
function taggedAnswer(answer: string): readonly [start: number, end: number] | undefined {
  const open = answer.indexOf(OPEN);
  const end = open < 0 ? -1 : answer.indexOf(CLOSE, open + OPEN.length);
  return end < 0 ? undefined : [open + OPEN.length, end];
}

/** The label inside an answer: between its answer tags when it has them, else all of it. */
function labelOf(answer: string): string {
  const tagged = taggedAnswer(answer);
  return (tagged ? answer.slice(...tagged) : answer).trim();
}

/** The row with the labels that a person's map gives, in its answer too; itself where the map has nothing to say. */
export function relabelled(row: AnnotationRow, own: LabelMap): AnnotationRow {
  return withLabel(row, own.get(labelKey(row.label)) ?? row.label);
}

/** Rows whose labels differ in case, white space or invisible signs only share the spelling that most of them have. */
export function spelledAlike(rows: readonly AnnotationRow[]): AnnotationRow[] {
  const spellings = oneSpelling(rows.map(({ label }) => label));
  return rows.map((row) => withLabel(row, spellings.get(row.label) ?? row.label));
}

function withLabel(row: AnnotationRow, label: string): AnnotationRow {
  if (label === row.label) return row;
  const tagged = taggedAnswer(row.answer);
  const answer = tagged ? row.answer.slice(0, tagged[0]) + label + row.answer.slice(tagged[1]) : label;
  return { ...row, label, answer };
}

/** What is wrong with a label; '' for nothing. */
function problemOf(label: string): string {
  if (isNothing(label)) return `is ${cleanLabel(label) || 'empty'}`;
  return label.includes('\uFFFD')
    ? `"${label}" was damaged by a program that read it in the wrong encoding`
    : '';
}

/** Whether a label says that there is none; tables that programs write have NaN in such cells. */
function isNothing(label: string): boolean {
  const key = labelKey(label);
  return key === '' || key === 'nan';
}

function speakerOf(item: Json): string | null {
  const value = SPEAKER_KEYS.map((key) => item[key]).find(
    (name) => typeof name === 'number' || (typeof name === 'string' && name.trim() !== ''),
  );
  return value === undefined ? null : String(value).trim();
}

function withoutMediaTags(question: string): string {
  return question.replaceAll(/<(?:video|audio|image)>\n?/g, '').trim();
}

function firstText(item: Json, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = item[key];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return undefined;
}
