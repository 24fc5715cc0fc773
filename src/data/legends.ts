/** Names of labels that lists write as numbers: classes.txt, classInd.txt, label_map.json, id2label of a config. */
import { baseName, extension, type FileEntry } from '../io/files/files.ts';
import { parseJson } from '../io/json/json.ts';
import { InputError } from '../math/errors.ts';
import { isMedia } from '../protocol/clip-types.ts';
import type { DataIssue } from '../protocol/messages.ts';
import type { HowRead } from './how-read.ts';
import { isRecord, type Json } from './json-shapes.ts';
import type { Beside } from './known-entries.ts';
import { listText } from './list-text.ts';
import { relabelled } from './rows.ts';
import type { AnnotationRow } from './types.ts';

interface Legend {
  readonly file: string;
  readonly names: readonly string[];
  /** The number of each name; absent where they are counted by their places, from 0 or from 1. */
  readonly numbers?: readonly number[];
}

const NAMED =
  /^(?:(?:class|label|categor(?:y|ie)|emotion|name)(?:e?s)?(?:name|map|mapping|list|ind|index|dict|encoder)?s?|(?:id|idx|index)(?:2|to)(?:label|class|name|emotion)|(?:label|class|name|emotion)(?:2|to)(?:id|idx|index)|mapping|config)$/;
const KINDS = ['txt', 'names', 'json', 'csv', 'tsv'];
/** Larger files are no list of names. */
const MOST_BYTES = 262_144;
const LONGEST_NAME = 80;

/** The files that can only be a number and a name for each of a few classes. */
export async function readLegends(files: readonly FileEntry[], beside: Beside): Promise<readonly Legend[]> {
  const legends: Legend[] = [];
  for (const file of files) {
    const stem = baseName(file.path)
      .replace(/\.\w+$/, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '');
    if (!KINDS.includes(extension(file.path)) || !NAMED.test(stem)) continue;
    const blob = await file.blob();
    if (blob.size > MOST_BYTES) continue;
    const legend = await legendIn(file);
    if (legend && isOfClasses(legend, beside)) legends.push(legend);
  }
  // What says its numbers comes before what is counted.
  return [...legends.filter(({ numbers }) => numbers), ...legends.filter(({ numbers }) => !numbers)];
}

async function legendIn(file: FileEntry): Promise<Legend | undefined> {
  try {
    const text = await listText(file);
    const found = extension(file.path) === 'json' ? inJson(parseJson(text, file.path)) : inLines(text);
    return found && { file: file.path, ...found };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}

/** Each name once, each number once, and none of them a clip. */
function isOfClasses({ file, names, numbers = [] }: Legend, beside: Beside): boolean {
  const isName = (name: string) =>
    name !== '' && name.length <= LONGEST_NAME && !isMedia(name) && !beside.isClip(name, file);
  return (
    names.length > 1 &&
    new Set(names).size === names.length &&
    new Set(numbers).size === numbers.length &&
    names.every(isName) &&
    !numbers.some((number) => beside.isClip(String(number), file))
  );
}

type Found = Pick<Legend, 'names' | 'numbers'>;

function inJson(value: unknown): Found | undefined {
  if (Array.isArray(value)) return listed(value);
  if (!isRecord(value)) return undefined;
  if (isRecord(value.id2label)) return inPairs(value.id2label);
  for (const key of ['names', 'classes', 'labels', 'categories'])
    if (Array.isArray(value[key])) return listed(value[key]);
  return inPairs(value);
}

const listed = (list: readonly unknown[]): Found | undefined =>
  list.every((one) => typeof one === 'string') ? { names: list.map((one) => one.trim()) } : undefined;

/** {"0": "angry"}, or {"angry": 0}. */
function inPairs(value: Json): Found | undefined {
  const pairs = Object.entries(value).map(([key, said]) =>
    typeof said === 'string' ? ([key, said] as const) : ([String(said), key] as const),
  );
  const isWhole = pairs.length > 0 && pairs.every(([number]) => /^\d+$/.test(number));
  return isWhole
    ? { names: pairs.map(([, name]) => name.trim()), numbers: pairs.map(([number]) => Number(number)) }
    : undefined;
}

const BEFORE = /^"?(\d+)"?[\s,;:=]+"?([^",;\t]*?)"?$/;
const BEHIND = /^"?([^",;\t]*?)"?[\s,;:=]+"?(\d+)"?$/;

/** A number and a name a line, or a name a line; the first may be a header. */
function inLines(text: string): Found | undefined {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  for (const rows of [lines, lines.slice(1)]) {
    for (const [form, number, name] of [
      [BEFORE, 1, 2],
      [BEHIND, 2, 1],
    ] as const) {
      const read = rows.map((line) => form.exec(line));
      if (rows.length > 1 && !read.includes(null))
        return { names: read.map((row) => row![name]!), numbers: read.map((row) => Number(row![number])) };
    }
  }
  return lines.some((line) => /[,;\t]/.test(line)) ? undefined : { names: lines };
}

interface Named {
  readonly rows: readonly AnnotationRow[];
  /** The file that names them; it is no list of clips. */
  readonly file?: string;
  readonly issues: readonly DataIssue[];
}

/**
 * Rows of clips with the names of their labels, where all of these are numbers and a legend has a name for each. Where names have
 * no numbers and may count from 0 or from 1, it is asked.
 */
export function withLegend(rows: readonly AnnotationRow[], legends: readonly Legend[], how: HowRead): Named {
  const files = new Set(legends.map(({ file }) => file));
  const classed = rows.filter(
    ({ file, media, question }) => !files.has(file) && media.length > 0 && question === null,
  );
  const labels = [...new Set(classed.map(({ label }) => label))];
  if (legends.length === 0 || labels.length === 0 || !labels.every((label) => /^\d+$/.test(label)))
    return { rows, issues: [] };
  const numbers = labels.map(Number);
  for (const legend of legends) {
    const first = firstNumber(legend, numbers, how);
    const names = namesFrom(legend, first);
    if (!numbers.every((number) => names.has(number))) continue;
    const words = new Map(labels.map((label) => [label, names.get(Number(label))!]));
    const isOne = new Set(classed);
    const named = rows.flatMap((row) => {
      if (row.file === legend.file) return [];
      return [isOne.has(row) ? relabelled(row, words) : row];
    });
    how.dropList(legend.file);
    return { rows: named, file: legend.file, issues: [] };
  }
  return { rows, issues: [unused(legends[0]!, numbers)] };
}

const namesFrom = ({ names, numbers }: Legend, first: number): ReadonlyMap<number, string> =>
  new Map(names.map((name, at) => [numbers?.[at] ?? at + first, name]));

/** The number of a counted legend's first name: by numbers that fit one way only, else as it is asked. */
function firstNumber({ file, names, numbers }: Legend, labels: readonly number[], how: HowRead): number {
  if (numbers) return 0;
  const fits = (first: number) => labels.every((label) => label >= first && label < names.length + first);
  if (fits(0) !== fits(1) || !fits(0)) return fits(1) ? 1 : 0;
  const [label] = labels as [number];
  const chosen = how.put({
    what: 'codes',
    question: `Labels are numbers, and ${file} has a name a line without its number. Is the first of them 0 or 1?`,
    choices: [0, 1].map((first) => ({
      choice: String(first),
      rows: labels.length,
      example: `${label} is "${names[label - first]}"`,
    })),
  });
  return Number(chosen ?? 0);
}

function unused({ file, names, numbers }: Legend, labels: readonly number[]): DataIssue {
  const known = new Set(numbers ?? names.map((_, at) => at));
  const without = labels.filter((label) => !known.has(label)).slice(0, 3);
  return {
    reason: 'column not used',
    file,
    message: `${file} has names for numbers, but none for ${without.join(', ')}: labels stay numbers.`,
    hint: 'Add the missing names, or write the labels as words.',
  };
}
