/** Which columns of a list say what: by their names, and by what stands in them. */
import { isMedia, isVideo } from '../protocol/clip-types.ts';
import type { Split } from '../protocol/messages.ts';
import {
  LABEL_NAMES,
  LIKE_A_SPLIT,
  OF_ONE_RATER,
  PATH_NAMES,
  SPEAKER_NAMES,
  SPLIT_NAMES,
  SURE_SPLIT_NAMES,
  squeezed,
} from './column-names.ts';
import { emotionOf } from './emotion-words.ts';
import type { Json } from './json-shapes.ts';
import { splitOfWord } from './split-words.ts';

export interface Columns {
  readonly path?: string;
  /** It is named as paths are, and most of its values are clips of the folder. */
  readonly isPathFound: boolean;
  readonly label?: string;
  /** Where no column has the label: those with a rater's each. */
  readonly raters: readonly string[];
  readonly speaker?: string;
  readonly split?: string;
  /** Columns that look like splits and say none that is known. */
  readonly unusedSplits: readonly string[];
  /** Other columns that could have been the label. */
  readonly otherLabels: readonly string[];
}

/** Rows that are looked at for what a column holds. */
const SAMPLE = 200;

/** `isClip`: whether a text names a clip of the folder. */
export function chooseColumns(items: readonly Json[], isClip: (path: string) => boolean): Columns {
  const names = namesOf(items.slice(0, SAMPLE));
  const values = new Values(items.slice(0, SAMPLE));
  const { label, others } = labelColumn(names, values);
  const path = pathColumn(
    names.filter((name) => name !== label),
    values,
    isClip,
  );
  const { split, unused } = splitColumn(
    names.filter((name) => name !== label && name !== path),
    items,
  );
  const speaker = firstOf(SPEAKER_NAMES, names);
  const raters = label === undefined ? names.filter((name) => OF_ONE_RATER.test(squeezed(name))) : [];
  return {
    ...(path === undefined ? {} : { path }),
    isPathFound:
      path !== undefined && PATH_NAMES.includes(squeezed(path)) && values.share(path, isClip) > 0.5,
    ...(label === undefined ? {} : { label }),
    ...(split === undefined ? {} : { split }),
    ...(speaker === undefined ? {} : { speaker }),
    raters: raters.length > 1 ? raters : [],
    unusedSplits: unused,
    otherLabels: others,
  };
}

function namesOf(items: readonly Json[]): string[] {
  const names = new Set<string>();
  for (const item of items) for (const name of Object.keys(item)) if (name !== '') names.add(name);
  return [...names];
}

/** What stands in columns, as texts that are not empty. */
class Values {
  readonly #items: readonly Json[];
  readonly #known = new Map<string, readonly string[]>();

  constructor(items: readonly Json[]) {
    this.#items = items;
  }

  of(name: string): readonly string[] {
    const known =
      this.#known.get(name) ?? this.#items.map((item) => textOf(item[name])).filter((text) => text !== '');
    this.#known.set(name, known);
    return known;
  }

  /** The share of the values that are so; 0 without any. */
  share(name: string, isSo: (text: string) => boolean): number {
    const values = this.of(name);
    return values.length === 0 ? 0 : values.filter(isSo).length / values.length;
  }
}

export const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';

/** The columns of known names, in the order of these. */
function allOf(known: readonly string[], names: readonly string[]): string[] {
  return known.flatMap((wanted) => names.filter((name) => squeezed(name) === wanted));
}

const firstOf = (known: readonly string[], names: readonly string[]): string | undefined =>
  allOf(known, names)[0];

const isNumber = (text: string): boolean => text !== '' && Number.isFinite(Number(text));

/** A column of words before one of numbers; else the one of the likelier name; else the only one that has words of emotion. */
function labelColumn(names: readonly string[], values: Values): { label?: string; others: string[] } {
  const known = allOf(LABEL_NAMES, names).filter((name) => values.of(name).length > 0);
  const words = known.filter((name) => values.share(name, isNumber) < 0.5);
  const [label] = words.length > 0 ? words : known;
  if (label !== undefined) return { label, others: known.filter((name) => name !== label) };
  const felt = names.filter(
    (name) =>
      !OF_ONE_RATER.test(squeezed(name)) && values.share(name, (text) => emotionOf(text) !== undefined) > 0.8,
  );
  return felt.length === 1 ? { label: felt[0]!, others: [] } : { others: felt };
}

/** The column whose values are clips of the folder; of those the one of the likelier name, videos first. */
function pathColumn(
  names: readonly string[],
  values: Values,
  isClip: (path: string) => boolean,
): string | undefined {
  const known = allOf(PATH_NAMES, names).filter((name) => values.of(name).length > 0);
  const share = (name: string) => values.share(name, isClip);
  const found =
    known.find((name) => share(name) > 0.5) ??
    known.find((name) => share(name) > 0 || values.share(name, isMedia) > 0.5);
  if (found !== undefined) return found;
  const others = names.filter((name) => !known.includes(name));
  const clips = others.filter((name) => share(name) > 0.5 || values.share(name, isMedia) > 0.5);
  return clips.find((name) => values.share(name, isVideo) > 0.5) ?? clips[0] ?? known[0];
}

/** The column all of whose values are splits; by its name, or where it has more than one of them. */
function splitColumn(names: readonly string[], items: readonly Json[]): { split?: string; unused: string[] } {
  const isNamed = (name: string) => SPLIT_NAMES.includes(squeezed(name));
  const said = names.flatMap((name) => {
    const splits = splitsIn(name, items);
    if (splits === undefined) return [];
    return isNamed(name) || splits.size > 1 ? [name] : [];
  });
  const split = allOf(SURE_SPLIT_NAMES, names)[0] ?? allOf(SPLIT_NAMES, said)[0] ?? said[0];
  const unused = names.filter((name) => name !== split && (said.includes(name) || looksUnused(name, items)));
  return { ...(split === undefined ? {} : { split }), unused };
}

/** The splits that a column says; undefined where a value is none. */
function splitsIn(name: string, items: readonly Json[]): Set<Split> | undefined {
  const splits = new Set<Split>();
  for (const item of items) {
    const text = textOf(item[name]);
    const split = splitOfWord(text);
    if (split !== null) splits.add(split);
    else if (text !== '') return undefined;
  }
  return splits.size === 0 ? undefined : splits;
}

/** Named as splits are, or with splits among its few values. */
function looksUnused(name: string, items: readonly Json[]): boolean {
  const values = new Set<string>();
  for (const item of items) {
    values.add(textOf(item[name]));
    if (values.size > 20) return false;
  }
  values.delete('');
  if (values.size < 2) return false;
  return LIKE_A_SPLIT.test(squeezed(name)) || [...values].some((value) => splitOfWord(value) !== null);
}
