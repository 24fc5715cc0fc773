/**
 * Exports of Label Studio → entries with a column per control. JSON: tasks with annotations (completions, of old versions), one
 * entry a task, or one a region. JSON-MIN and CSV: one entry an annotation already, with the controls' values still packed.
 */

import { isMedia } from '../../protocol/clip-types.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { squeezed } from '../column-names.ts';
import { jsonIn } from '../entry/fields.ts';
import { kindOfName, plainPath } from '../entry/shown.ts';
import { groupBy } from '../group-by.ts';
import { isRecord, type Json } from '../json-shapes.ts';
import type { Entry } from '../known-entries.ts';
import { labelKey } from '../labels.ts';

interface Unpacked {
  readonly entries: readonly Entry[];
  readonly issues: readonly DataIssue[];
}

/** Keys of a row of JSON-MIN and CSV that say nothing of the clip. */
const KEEPING: readonly string[] = [
  ...['id', 'annotator', 'annotation_id', 'created_at', 'updated_at', 'lead_time', 'agreement'],
];

/** Entries of an export without its packing; others as they are. */
export function withoutLabelStudio(file: string, entries: readonly Entry[]): Unpacked {
  const read: Entry[] = [];
  const issues: DataIssue[] = [];
  for (const entry of entries) {
    const unpacked = unpackedOf(entry.item);
    if (unpacked === undefined) read.push(entry);
    else if ('reason' in unpacked)
      issues.push({ file, row: entry.row, hint: 'The task was left out.', ...unpacked });
    else {
      for (const { item, part } of unpacked.parts)
        read.push({
          row: entry.row,
          item,
          ...(isRecord(entry.item) ? { columns: entry.item } : {}),
          ...part,
        });
    }
  }
  return { entries: read, issues };
}

interface Part {
  readonly item: Json;
  readonly part?: Pick<Entry, 'part'>;
}

type Unpacking = { readonly parts: readonly Part[] } | Pick<DataIssue, 'reason' | 'message'>;

function unpackedOf(item: unknown): Unpacking | undefined {
  if (!isRecord(item)) return undefined;
  const annotations = item.annotations ?? item.completions;
  if (isRecord(item.data) && Array.isArray(annotations)) return ofTask(item.data, annotations as unknown[]);
  const isMin = ['annotation_id', 'annotator'].every((key) => key in item) && 'lead_time' in item;
  return isMin ? ofRow(item) : undefined;
}

/** What a control says: a word, or a word for each part of a recording. */
interface Said {
  readonly control: string;
  readonly word: string;
  readonly start?: number;
  readonly end?: number;
}

function ofTask(data: Json, annotations: readonly unknown[]): Unpacking {
  const given = annotations
    .filter(isRecord)
    .filter((one) => one.was_cancelled !== true && one.skipped !== true);
  const truths = given.filter((one) => one.ground_truth === true);
  const votes: Said[][] = [];
  for (const { result } of truths.length > 0 ? truths : given) {
    const said: Said[] = [];
    for (const one of Array.isArray(result) ? (result as unknown[]).filter(isRecord) : []) {
      const read = saidBy(String(one.from_name), one.value);
      if (typeof read === 'string') return { reason: 'row malformed', message: read };
      if (read) said.push(...read);
    }
    if (said.length > 0) votes.push(said);
  }
  if (votes.length === 0)
    return { reason: 'label missing', message: 'No annotation of the task says anything.' };
  return agreed(data, votes);
}

/** Of several annotators the word that most give, control by control; their parts of a recording one by one. */
function agreed(data: Json, votes: readonly (readonly Said[])[]): Unpacking {
  const parts = votes.flat().filter(({ start }) => start !== undefined);
  if (parts.length > 0) {
    if (votes.length > 1)
      return {
        reason: 'raters disagree',
        message: `${votes.length} annotations divide the recording, each in its own way.`,
      };
    return { parts: parts.map((said) => partOf(data, said)) };
  }
  const words: Record<string, string> = {};
  for (const [control, said] of groupBy(votes.flat(), (one) => one.control)) {
    const [first, second] = [...groupBy(said, ({ word }) => labelKey(word)).values()].sort(
      (a, b) => b.length - a.length,
    );
    if (second?.length === first!.length) {
      const each = said.map(({ word }) => `"${word}"`).join(', ');
      return { reason: 'raters disagree', message: `${control}: no word has most votes (${each}).` };
    }
    words[control] = first![0]!.word;
  }
  return { parts: [{ item: labelled(data, words) }] };
}

const partOf = (data: Json, { control, word, start = 0, end }: Said): Part => ({
  item: labelled(data, { [control]: word }),
  part: { part: { start, ...(end === undefined ? {} : { end }) } },
});

/** A task's data with what was said; of one control alone it is the label. */
function labelled(data: Json, words: Readonly<Record<string, string>>): Json {
  const [only, ...more] = Object.values(words);
  return more.length === 0 && only !== undefined ? { ...data, label: only } : { ...data, ...words };
}

/** A row of JSON-MIN or CSV: values that are objects or lists, in a cell as text, are unpacked. */
function ofRow(item: Json): Unpacking {
  const plain: Record<string, unknown> = {};
  const words: Record<string, string> = {};
  const parts: Said[] = [];
  for (const [key, written] of Object.entries(item)) {
    const value =
      typeof written === 'string' && /^\s*[[{]/.test(written) ? (jsonIn(written) ?? written) : written;
    const packed = isRecord(value) || (Array.isArray(value) && value.some(isRecord));
    if (KEEPING.includes(key) || !packed) {
      plain[key] = written;
      continue;
    }
    for (const one of (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isRecord)) {
      const read = saidBy(key, one);
      if (typeof read === 'string') return { reason: 'row malformed', message: read };
      for (const said of read ?? []) {
        if (said.start === undefined) words[key] = said.word;
        else parts.push(said);
      }
    }
  }
  if (parts.length > 0) return { parts: parts.map((said) => partOf(plain, said)) };
  const said = { ...plain, ...words };
  const controls = Object.keys(said).filter((key) => !KEEPING.includes(key) && !isOfClip(key, said[key]));
  const [only, ...more] = controls;
  const isSure = only !== undefined && more.length === 0;
  return { parts: [{ item: isSure ? { ...said, label: said[only] } : said }] };
}

const isOfClip = (key: string, value: unknown): boolean =>
  kindOfName(squeezed(key)) !== undefined || (typeof value === 'string' && isMedia(plainPath(value)));

/** What a value says: choices, labels of parts, a rating, a text; undefined for what is no word, a reason for what cannot be read. */
function saidBy(control: string, value: unknown): readonly Said[] | string | undefined {
  if (!isRecord(value)) return undefined;
  const word = wordIn(value);
  if (word === undefined) return undefined;
  if (Array.isArray(value.ranges)) {
    const rate = Number(value.framesCount) / Number(value.duration);
    if (!(rate > 0))
      return `${control}: its parts are counted in frames, and the export does not say how many a second has.`;
    const ranges = (value.ranges as readonly unknown[]).filter(isRecord);
    return ranges.map(({ start, end }) => ({
      control,
      word,
      start: Number(start) / rate,
      end: Number(end) / rate,
    }));
  }
  const { start, end } = value;
  return typeof start === 'number'
    ? [{ control, word, start, ...(typeof end === 'number' ? { end } : {}) }]
    : [{ control, word }];
}

/** Keys of what controls say, by their types. */
const WORDS: readonly string[] = [
  ...[
    'choices',
    'labels',
    'timelinelabels',
    'timeserieslabels',
    'hypertextlabels',
    'text',
    'rating',
    'number',
  ],
];

function wordIn(value: Json): string | undefined {
  for (const key of WORDS) {
    const said = value[key];
    const list = Array.isArray(said) ? (said as readonly unknown[]) : [said];
    const words = list.filter((one) => typeof one === 'string' || typeof one === 'number').map(String);
    if (words.length > 0) return words.join(', ');
  }
  return undefined;
}
