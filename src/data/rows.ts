import { parseJson } from '../io/json.ts';
import { InputError } from '../math/errors.ts';
import type { DataIssue, Split } from '../protocol/messages.ts';
import { parseCsv } from './csv.ts';
import type { AnnotationRow } from './types.ts';

const PATH_KEYS = [
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
const LABEL_KEYS = ['label', 'emotion', 'class', 'solution', 'answer'];
const QUESTION_KEYS = ['question', 'problem', 'prompt'];
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

export interface RowsOfFile {
  readonly rows: readonly AnnotationRow[];
  readonly issues: readonly DataIssue[];
  /** Rows met, good or bad. */
  readonly met: number;
  readonly format: string;
}

type Json = Readonly<Record<string, unknown>>;

/** Rows of an R1-Omni JSON list: {video, conversations: [{from: human|gpt, value}], split?}; or flat {path, label, …}. */
export function rowsOfJson(file: string, text: string): RowsOfFile {
  const value = parseJson(text, file);
  const list = Array.isArray(value)
    ? value
    : isRecord(value) && Array.isArray(value.data)
      ? value.data
      : undefined;
  if (!list) {
    throw new InputError(`${file}: expected a list of clips, found ${describe(value)}.`, {
      hint: 'A list of {"video": path, "conversations": [{"from": "human", …}, {"from": "gpt", "value": label}]} is read.',
    });
  }
  return collect(
    file,
    'R1-Omni JSON',
    list.map((item, index) => ({ row: index + 1, item })),
  );
}

/** Rows of JSON Lines; a line that is not JSON is an issue of its own. */
export function rowsOfJsonl(file: string, text: string): RowsOfFile {
  const issues: DataIssue[] = [];
  const items: { row: number; item: unknown }[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    try {
      items.push({ row: index + 1, item: parseJson(line, file) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push({
        file,
        row: index + 1,
        message: error.message,
        hint: error.hint,
      });
    }
  });
  const read = collect(file, 'JSON Lines', items);
  return { ...read, issues: [...issues, ...read.issues], met: read.met + issues.length };
}

/** Rows of CSV or TSV with a header that names a path and a label column. */
export function rowsOfCsv(file: string, text: string): RowsOfFile {
  const [header, ...records] = parseCsv(text);
  const names = header?.cells.map((cell) => cell.toLowerCase().replaceAll(' ', '_')) ?? [];
  if (!PATH_KEYS.some((key) => names.includes(key)) || !LABEL_KEYS.some((key) => names.includes(key))) {
    throw new InputError(
      `${file}: the header ${JSON.stringify(header?.cells ?? [])} names no path or no label column.`,
      {
        hint: `Call them "path" and "label" (${[...PATH_KEYS, ...LABEL_KEYS].join(', ')} are understood).`,
      },
    );
  }
  const items = records.map(({ line, cells }) => ({
    row: line,
    item: Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ''])),
  }));
  return collect(file, 'table', items);
}

function collect(file: string, format: string, items: readonly { row: number; item: unknown }[]): RowsOfFile {
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [];
  for (const { row, item } of items) {
    const read = readRow(file, row, item);
    if (typeof read === 'string')
      issues.push({
        file,
        row,
        message: read,
        hint: 'The row was skipped; correct it and drop the folder again.',
      });
    else rows.push(...read);
  }
  return { rows, issues, met: items.length, format };
}

/** The rows of one entry (one per question and answer), or why there are none. */
function readRow(file: string, row: number, item: unknown): AnnotationRow[] | string {
  if (!isRecord(item)) return `Expected an object with a clip and a label, found ${describe(item)}.`;
  const path = firstText(item, PATH_KEYS);
  if (path === undefined) return `No clip: none of ${PATH_KEYS.slice(0, 5).join(', ')} is a path.`;
  const split = readSplit(item.split);
  if (typeof split === 'object' && split !== null)
    return `Unknown split ${JSON.stringify(item.split)}; train, val and test are known.`;
  const common = { file, row, path, split: split ?? splitOfName(file) };
  const pairs = Array.isArray(item.conversations) ? conversationPairs(item.conversations) : flatPair(item);
  if (typeof pairs === 'string') return pairs;
  const empty = pairs.find(({ answer }) => labelOf(answer) === '');
  if (empty) return `${path}: the label is empty.`;
  return pairs.map(({ question, answer }) => ({ ...common, question, answer, label: labelOf(answer) }));
}

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
    (value) => typeof value === 'string' || typeof value === 'number',
  );
  if (answer === undefined) return `No label: neither "conversations" nor any of ${LABEL_KEYS.join(', ')}.`;
  const question = firstText(item, QUESTION_KEYS);
  return [{ question: question === undefined ? null : withoutMediaTags(question), answer: String(answer) }];
}

/** The label inside an answer: between its answer tags when it has them, else all of it. */
function labelOf(answer: string): string {
  return (/<answer>([\s\S]*?)<\/answer>/.exec(answer)?.[1] ?? answer).trim();
}

function withoutMediaTags(question: string): string {
  return question.replaceAll(/<(?:video|audio|image)>\n?/g, '').trim();
}

/** null = not given; undefined never; a wrapped value = given but not understood. */
function readSplit(value: unknown): Split | null | { unknown: unknown } {
  if (value === undefined || value === null || value === '') return null;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
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

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing'}`
    : `a ${typeof value}`;
}
