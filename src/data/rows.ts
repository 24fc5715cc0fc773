/** Entries of JSON, JSON Lines and tables → rows. The three differ in how entries are written, not in what these say. */
import { isMedia } from '../protocol/clip-types.ts';
import type { DataIssue, Split } from '../protocol/messages.ts';
import { describeJson, isRecord, type Json } from './json-shapes.ts';
import { cleanLabel, type LabelMap, labelKey, oneSpelling } from './labels.ts';
import { parseRavdessName } from './ravdess-name.ts';
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
const SPLIT_WORDS: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  eval: 'val',
  test: 'test',
  testing: 'test',
};

/** What was made of a file, or of a folder. */
export interface ReadRows {
  readonly rows: readonly AnnotationRow[];
  readonly issues: readonly DataIssue[];
  /** Rows met, good or bad. */
  readonly met: number;
}

/** An entry and where it stands, from 1: line of a table, position in a list. */
export interface Entry {
  readonly row: number;
  readonly item: unknown;
}

/** Among which files the rows of a list stand. */
export interface Beside {
  /** Whether there are clips: then every row is about one. Without any, a row may ask by itself. */
  readonly clips: boolean;
}

export function rowsOfEntries(file: string, entries: readonly Entry[], beside: Beside): ReadRows {
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [];
  for (const { row, item } of entries) {
    const read = readRow(file, row, item, beside);
    if (Array.isArray(read)) {
      // One by one: an entry may hold more answers than a call takes arguments.
      for (const one of read) rows.push(one);
    } else {
      const hint = 'The row was skipped; correct it and drop the folder again.';
      const problem = typeof read === 'string' ? { reason: 'row malformed' as const, message: read } : read;
      issues.push({ file, row, hint, ...problem });
    }
  }
  return { rows, issues, met: entries.length };
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
  const speaker = speakerOf(item) ?? parseRavdessName(path)?.actor ?? null;
  const common = { file, row, path, speaker, split };
  const pairs = Array.isArray(item.conversations) ? conversationPairs(item.conversations) : flatPair(item);
  if (typeof pairs === 'string') return pairs;
  const empty = pairs.find(({ answer }) => isNothing(labelOf(answer)));
  if (empty) return `${path}: the label is ${cleanLabel(labelOf(empty.answer)) || 'empty'}.`;
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

/** null = not given; undefined never; a wrapped value = given but not understood. */
function readSplit(value: unknown): Split | null | { unknown: unknown } {
  if (value === undefined || value === null || value === '') return null;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return Object.hasOwn(SPLIT_WORDS, word) ? SPLIT_WORDS[word]! : { unknown: value };
}

/** The split that a file or folder name stands for: 'data/train.json', 'test_set.csv'; null for none. */
export function splitOfName(path: string): Split | null {
  const words = path.toLowerCase().split(/[^a-z]+/);
  const word = words.findLast((part) => Object.hasOwn(SPLIT_WORDS, part));
  return word === undefined ? null : SPLIT_WORDS[word]!;
}

function firstText(item: Json, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = item[key];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return undefined;
}
