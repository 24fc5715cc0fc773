/** The words of labels: the published label sets, their synonyms, and what a person makes of them. */

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

/** Words of the same emotion in the noun and adjective forms that data sets mix. */
export const SYNONYMS: Readonly<Record<string, string>> = {
  anger: 'angry',
  happiness: 'happy',
  sadness: 'sad',
  contempt: 'contemptuous',
  anxiety: 'anxious',
  helplessness: 'helpless',
  disappointment: 'disappointed',
  fearful: 'fear',
  surprised: 'surprise',
};

/** A person's `labels.json`, {"from": "to"}: keys without case. */
export type LabelMap = ReadonlyMap<string, string>;

/** The word of a label set that `written` stands for, a person's map first; undefined when there is none. */
export function canonicalLabel(written: string, known: readonly string[], own: LabelMap): string | undefined {
  const word = written.trim().toLowerCase();
  const canonical = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word]! : word;
  return own.get(word) ?? own.get(canonical) ?? (known.includes(canonical) ? canonical : undefined);
}
