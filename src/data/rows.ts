/** Entries of JSON, JSON Lines and tables → rows. The three differ in how entries are written, not in what these say. */

import { isImage, isMedia, isVideo } from '../protocol/clip-types.ts';
import type { DataIssue, Split } from '../protocol/messages.ts';
import { PATH_NAMES, squeezed } from './column-names.ts';
import { answerIn, taggedAnswer } from './entry/answers.ts';
import { type Asked, askedIn, askedOfVideos, asks, QUESTION_NAMES } from './entry/asked.ts';
import { Fields } from './entry/fields.ts';
import { formOf } from './entry/form.ts';
import { optionsIn } from './entry/options.ts';
import { isProblem, malformed, type RowProblem } from './entry/problem.ts';
import {
  asStored,
  isSure,
  kindOfName,
  type Placed,
  placed,
  plainPath,
  type Shown,
  shownAs,
  shownInColumns,
} from './entry/shown.ts';
import { tagAtAnEnd, tagsIn, withoutLeadingTags, withoutTagsOf } from './entry/tags.ts';
import { describeJson, isRecord, type Json } from './json-shapes.ts';
import { type Beside, type Entry, type KnownEntries, knownEntries } from './known-entries.ts';
import { cleanLabel, type LabelMap, labelKey, oneSpelling } from './labels.ts';
import { withOptionLetters } from './option-numbers.ts';
import { asDescribed } from './readers/dataset-info.ts';
import { withoutLabelStudio } from './readers/label-studio.ts';
import { speakerOfName } from './speaker-names.ts';
import { readSplit, splitOfWord } from './split-words.ts';
import type { AnnotationRow, NamedMedium } from './types.ts';

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
/** A kind of media, and nothing else but how one of them is named: video, video_id, imageName. */
const NAMES_MEDIA =
  /^(?:video|vid|audio|image|img|clip|wav)s?(?:path|file|filename|filepath|url|uri|id|ids|uid|idx|index|name|no|number)?s?$/;
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
export interface ReadList extends ReadRows, Pick<KnownEntries, 'taken' | 'hasPath' | 'hasLabel' | 'moved'> {
  /** Whose form its entries have; absent where they have nobody's own. */
  readonly form?: string | undefined;
}

export function rowsOfEntries(file: string, written: readonly Entry[], beside: Beside): ReadList {
  const plain = withoutLabelStudio(file, described(file, written, beside));
  const { entries, issues: unread, ...taken } = knownEntries(file, plain.entries, beside);
  const rows: AnnotationRow[] = [];
  const issues = [...plain.issues, ...unread];
  for (const entry of entries) {
    const read = readRow(file, entry, beside);
    if (isProblem(read)) {
      const hint = 'The row was skipped; correct it and drop the folder again.';
      issues.push({ file, row: entry.row, hint, ...read });
    } else rows.push(read);
  }
  const form = formOf(written.map(({ item }) => item));
  return { rows: withOptionLetters(rows, beside.how), issues, met: written.length, form, ...taken };
}

/** Entries in our words where LLaMA-Factory's dataset_info.json says theirs. */
function described(file: string, entries: readonly Entry[], beside: Beside): readonly Entry[] {
  const words = beside.described?.get(file);
  if (!words) return entries;
  return entries.map(({ row, item }) => ({
    ...{ row, item: asDescribed(item, words) },
    ...(isRecord(item) ? { columns: item } : {}),
  }));
}

/** The row of an entry, or why there is none. */
function readRow(
  file: string,
  { row, item, before, columns, part }: Entry,
  beside: Beside,
): AnnotationRow | RowProblem {
  if (!isRecord(item))
    return malformed(`Expected an object with a clip and a label, found ${describeJson(item)}.`);
  const split = readSplit(item.split);
  if (typeof split === 'object' && split !== null)
    return malformed(`Unknown split ${JSON.stringify(item.split)}; train, val and test are known.`);
  const fields = new Fields(item);
  const said = askedIn(fields);
  if (isProblem(said)) return said;
  const written = columns ?? item;
  const shown = shownBy(item, before ?? item, { beside, file });
  if (isProblem(shown)) return shown;
  // LLaMA-Factory's list of videos keeps to its tags.
  const isList = fields.of('videos') !== undefined;
  const asked = isList ? said : askedOfVideos(said, shown.map(kindOfShown));
  const put = placesOf(asked, shown, beside.clips && !isOfText(asked, before ?? item));
  if (isProblem(put)) return put;
  const media = put.media.map((medium) => (isPicture(medium) ? medium : { ...medium, ...part }));
  const texts = saidOf(asked, put);
  const options = texts.question === null ? undefined : optionsIn(fields);
  const read = answerIn(fields, asked, { chosen: item.label, options });
  const problem =
    media.length > 0 ? clipProblem(media[0]!.path, asked, read?.label) : textProblem(asked, read?.label);
  if (problem) return problem;
  const { answer, label } = read!;
  return {
    ...{ file, row, media, ...texts, answer, label, writtenLabel: label },
    speaker: media.length > 0 ? (speakerOf(item) ?? speakerOfName(media[0]!.path)) : null,
    split: split ?? splitOfInfo(fields),
    columns: options && !isSameList(written.options, options) ? { ...written, options } : written,
  };
}

const kindOfShown = ({ as, medium }: Shown): NamedMedium['kind'] =>
  as ?? (isVideo(medium.path) ? 'video' : medium.kind);

const isPicture = ({ kind, path }: NamedMedium): boolean => kind === 'image' || isImage(path);

/** The media that an entry's columns name; where none is named for sure, the clip that was found for the entry. */
function shownBy(
  item: Json,
  before: Json,
  { beside, file }: { readonly beside: Beside; readonly file: string },
): readonly Shown[] | RowProblem {
  const fields = new Fields(before);
  const isClip = (path: string) => beside.isClip(path, file);
  const own = shownInColumns(fields);
  if (isProblem(own)) return own;
  const named = own.map((one) => asStored(one, isClip));
  const sure = named.filter((one) => isSure(one, isClip));
  if (sure.length > 0) return sure;
  const path = pathOf(item, beside);
  if (path === undefined || own.some(({ medium }) => medium.path === path)) return named;
  const as = kindOfName(String(fields.of('datatype') ?? ''));
  return [asStored(shownAs(plainPath(path), as), isClip)];
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

/** Media in the places of the entry's tags. What asks of text alone may speak of tags, but not begin or end with one. */
function placesOf(asked: Asked, shown: readonly Shown[], isOfClips: boolean): Placed | RowProblem {
  if (shown.length > 0 || asked.slots.some(({ source }) => source !== undefined))
    return placed(asked.slots, shown);
  if (isOfClips) return malformed(`No clip: none of ${PATH_KEYS.slice(0, 5).join(', ')} is a path.`);
  const texts = [...asked.turns.map(({ content }) => content), asked.question ?? ''];
  const tag = texts.map(tagAtAnEnd).find((found) => found !== undefined);
  if (tag !== undefined) return malformed(`It asks about a clip (${tag}), but names none.`);
  return { media: [], isSoundOfVideos: false };
}

/** Whether an entry beside clips asks without one: it does not even leave a clip's column empty, and no value of it is named as clips are. */
const isOfText = ({ question }: Asked, item: Json): boolean =>
  question !== null &&
  Object.entries(item).every(([name, value]) => {
    const isOfPath = PATH_NAMES.includes(squeezed(name)) || NAMES_MEDIA.test(squeezed(name));
    return value === null || (!isOfPath && !(typeof value === 'string' && isMedia(value)));
  });

/** Question and turns with the tags that say more than that media stand before the first turn of the user. */
function saidOf(
  { question, turns, system, slots }: Asked,
  { media, isSoundOfVideos }: Placed,
): Pick<AnnotationRow, 'question' | 'turns' | 'system'> {
  const texts = [...turns, { role: 'user', content: question ?? '' } as const];
  const first = texts.findIndex(({ role }) => role === 'user');
  const bare = withoutLeadingTags(texts[first]!.content);
  const isInFront = tagsIn(texts[first]!.content).length - tagsIn(bare).length === slots.length;
  const put = (text: string, index: number): string => {
    if (media.length === 0) return text;
    if (isInFront) return index === first ? bare : text;
    return isSoundOfVideos ? withoutTagsOf('audio', text) : text;
  };
  const said = texts.map(({ role, content }, index) => ({ role, content: put(content, index).trim() }));
  const asked = said.at(-1)!.content;
  return {
    question: asked === '' ? null : asked,
    ...(turns.length > 0 ? { turns: said.slice(0, -1) } : {}),
    ...(system === undefined ? {} : { system }),
  };
}

function textProblem({ question, chat }: Asked, label: string | undefined): RowProblem | undefined {
  if (question === null) {
    const named = `none of ${QUESTION_NAMES.slice(0, 3).join(', ')}, messages has one`;
    const message = `No question: ${chat === undefined ? named : 'no turn of the chat is of the user'}.`;
    return { reason: 'no question', message };
  }
  if (label !== undefined && !isNothing(label)) return undefined;
  return {
    reason: 'no answer',
    message: 'No answer: none of answer, solution, label, ground_truth has one.',
  };
}

function clipProblem(path: string, { chat }: Asked, label: string | undefined): RowProblem | undefined {
  if (label === undefined) {
    return malformed(
      chat === undefined
        ? `No label: neither a chat nor any of ${LABEL_KEYS.join(', ')} has one.`
        : `"${chat}" holds no answer (a turn of gpt or of the assistant), and no column does.`,
    );
  }
  if (labelKey(label) === NO_AGREEMENT)
    return { reason: 'raters disagree', message: `${path}: the raters agree on no label (${label}).` };
  const said = problemOf(label);
  return said === '' ? undefined : malformed(`${path}: the label ${said}.`);
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

/** IEMOCAP's sign. */
const NO_AGREEMENT = 'xxx';

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

function firstText(item: Json, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = item[key];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return undefined;
}

/** The split that verl's extra_info says. */
function splitOfInfo(fields: Fields): Split | null {
  const info = fields.of('extrainfo');
  return isRecord(info) && typeof info.split === 'string' ? splitOfWord(info.split) : null;
}

const isSameList = (written: unknown, list: readonly string[]): boolean =>
  Array.isArray(written) && written.length === list.length && written.every((one, i) => one === list[i]);
