/** The words of labels: the published label sets, their synonyms, and what a person makes of them. */
import { SYNONYMS } from '../rewards/answer.ts';

/** In the order of DFEW's codes, which begin at 1. */
export const DFEW_LABELS: readonly string[] = [
  'happy',
  'sad',
  'neutral',
  'angry',
  'surprise',
  'disgust',
  'fear',
];
/** MAFW's eleven single expressions. */
export const MAFW_LABELS: readonly string[] = [
  ...DFEW_LABELS,
  'contemptuous',
  'disappointed',
  'helpless',
  'anxious',
];
export const RAVDESS_LABELS: readonly string[] = [
  'neutral',
  'calm',
  'happy',
  'sad',
  'angry',
  'fear',
  'disgust',
  'surprise',
];

/** A person's `labels.json`, {"from": "to"}: by `labelKey`. */
export type LabelMap = ReadonlyMap<string, string>;

/** Signs that no one sees and that copying leaves behind: zero-width spaces, joiners, marks of direction and of a sign's form. */
const INVISIBLE =
  /[\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF]|\uFE0E|\uFE0F/g;
/** These join letters in some scripts: they tell no two labels apart, but they stay in the one that is kept. */
const JOINERS = /[\u200C\u200D]/g;

/** A label without the signs that cannot be seen. */
export const cleanLabel = (written: string): string => written.normalize('NFC').replace(INVISIBLE, '').trim();

/** Letters and digits as wide as Chinese signs. */
const FULL_WIDTH = /[\uFF01-\uFF5E]/g;
const FROM_FULL_WIDTH = 0xfee0;

/** What two spellings of one label have in common: case, width, white space and invisible signs tell none apart. */
export function labelKey(written: string): string {
  return cleanLabel(written)
    .replace(JOINERS, '')
    .replace(FULL_WIDTH, (sign) => String.fromCharCode(sign.charCodeAt(0) - FROM_FULL_WIDTH))
    .replaceAll(/\s+/g, ' ')
    .toLowerCase();
}

/** A spelling as people can tell it from another one: invisible signs get their code. */
export function shownSpelling(written: string): string {
  const code = (sign: string) => `[U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`;
  return written
    .replace(INVISIBLE, code)
    .replace(JOINERS, code)
    .replaceAll(/[^\S ]/g, code);
}

/** For each spelling of the labels the one that stands for all of its kind: the most frequent, of equals the first. */
export function oneSpelling(labels: readonly string[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const chosen = new Map<string, string>();
  for (const [label, count] of counts) {
    const best = chosen.get(labelKey(label));
    if (best === undefined || count > counts.get(best)!) chosen.set(labelKey(label), label);
  }
  return new Map([...counts.keys()].map((label) => [label, cleanLabel(chosen.get(labelKey(label))!)]));
}

/** The word of a label set that `written` stands for, a person's map first; undefined when there is none. */
export function canonicalLabel(written: string, known: readonly string[], own: LabelMap): string | undefined {
  const word = labelKey(written);
  const canonical = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word]! : word;
  return own.get(word) ?? own.get(canonical) ?? (known.includes(canonical) ? canonical : undefined);
}
