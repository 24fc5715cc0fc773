/** The options of a multiple choice, in every form that rows have them, as texts; and the letter of the right one. */
import { squeezed } from '../column-names.ts';
import { isRecord, type Json } from '../json-shapes.ts';
import { labelKey } from '../labels.ts';
import { Fields, jsonIn, listIn } from './fields.ts';

const LIST_NAMES: readonly string[] = ['options', 'choices', 'candidates'];
/** Entries that tell where options stand. */
const SAMPLE = 200;
const LETTERS = 'ABCDEFGHIJ';
/** What stands before a letter's own columns: A, B; option_a; choice_b. */
const PREFIXES: readonly string[] = ['', 'option', 'choice'];
/** What stands before a number's own columns: a0, option_1, choice 2. */
const COUNTED: readonly string[] = ['a', 'option', 'choice', 'opt', 'candidate'];
/** 'A. Sad', 'A) Sad', '(A) Sad', 'A: Sad', or the letter alone. */
const LETTERED = /^\(?([A-Za-z])(?:[.:)．、：]+\s*|$)/;

/** Undefined where there are none. */
export function optionsIn(fields: Fields): readonly string[] | undefined {
  for (const name of LIST_NAMES) {
    const options = optionsOf(fields.of(name));
    if (options) return options;
  }
  return optionsInColumns(fields) ?? countedIn(fields)?.options;
}

/** The columns from which a list's entries have their options, in order; undefined where none does. */
export function optionColumns(items: readonly Json[]): readonly string[] | undefined {
  const counts = new Map<string, number>();
  for (const item of items.slice(0, SAMPLE)) {
    const names = optionNames(new Fields(item));
    const keys = Object.keys(item).filter((name) => names.includes(squeezed(name)));
    if (keys.length > 0) counts.set(JSON.stringify(keys), (counts.get(JSON.stringify(keys)) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most && (JSON.parse(most[0]) as readonly string[]);
}

/** By squeezed names. */
function optionNames(fields: Fields): readonly string[] {
  const list = LIST_NAMES.find((name) => optionsOf(fields.of(name)));
  if (list !== undefined) return [list];
  for (const prefix of PREFIXES) {
    const names = [...LETTERS].map((letter) => prefix + letter.toLowerCase());
    const end = names.findIndex((name) => fields.of(name) === undefined);
    if (end > 1 || end < 0) return end < 0 ? names : names.slice(0, end);
  }
  const counted = countedIn(fields);
  return counted ? counted.options.map((_, i) => `${counted.prefix}${i + counted.from}`) : [];
}

/** Columns a0, a1, … or option_1, option_2, … up to the first that is empty, and the number of the first. */
export function countedIn(
  fields: Fields,
): { readonly options: readonly string[]; readonly from: number; readonly prefix: string } | undefined {
  for (const prefix of COUNTED) {
    const from = fields.of(`${prefix}0`) === undefined ? 1 : 0;
    const texts: string[] = [];
    for (let number = from; ; number++) {
      const text = fields.of(`${prefix}${number}`);
      if (typeof text !== 'string' && typeof text !== 'number') break;
      texts.push(String(text));
    }
    if (texts.length > 1) return { options: texts, from, prefix };
  }
  return undefined;
}

function optionsOf(value: unknown): readonly string[] | undefined {
  const written = typeof value === 'string' && /^\s*\{/.test(value) ? jsonIn(value) : value;
  const list = listIn(written);
  if (list) return textsOf(list.map((one) => (isRecord(one) ? ofRecord(one) : one)));
  if (!isRecord(written)) return undefined;
  // ARC's {"text": […], "label": […]}.
  if (Array.isArray(written.text) && Array.isArray(written.label)) {
    const letters = written.label as readonly unknown[];
    return textsOf((written.text as readonly unknown[]).map((text, i) => lettered(letters[i], text)));
  }
  return textsOf(Object.entries(written).map(([letter, text]) => lettered(letter, text)));
}

function ofRecord(option: Readonly<Record<string, unknown>>): unknown {
  const letter = option.label ?? option.key ?? option.letter ?? option.id;
  const text = option.text ?? option.value ?? option.content ?? option.choice ?? option.option;
  return letter === undefined ? text : lettered(letter, text);
}

const lettered = (letter: unknown, text: unknown): unknown =>
  typeof text === 'string' || typeof text === 'number' ? `${String(letter)}. ${text}` : undefined;

/** Texts and numbers as texts; undefined for none, and where anything else is among them. */
function textsOf(list: readonly unknown[]): readonly string[] | undefined {
  const texts = list.map((one) =>
    typeof one === 'string' || typeof one === 'number' ? String(one) : undefined,
  );
  return texts.length === 0 || texts.includes(undefined) ? undefined : (texts as string[]);
}

/** Columns A, B, … up to the first that is empty. */
function optionsInColumns(fields: Fields): readonly string[] | undefined {
  for (const prefix of PREFIXES) {
    const texts: string[] = [];
    for (const letter of LETTERS) {
      const text = lettered(letter, fields.of(prefix + letter.toLowerCase()));
      if (typeof text !== 'string') break;
      texts.push(text);
    }
    if (texts.length > 1) return texts;
  }
  return undefined;
}

/** The letter of an answer that is one of lettered options, by its letter or by its words; the answer itself elsewhere. */
export function letterOf(answer: string, options: readonly string[]): string {
  const letters = options.map((option) => LETTERED.exec(option.trim())?.[1]?.toUpperCase());
  if (letters.includes(undefined) || new Set(letters).size < letters.length) return answer;
  const own = LETTERED.exec(answer.trim());
  const isAlone = own !== null && own[0].trim() === answer.trim();
  if (isAlone && letters.includes(own[1]!.toUpperCase())) return own[1]!.toUpperCase();
  const wanted = labelKey(answer);
  const meant = options.flatMap((option, i) => {
    const words = option.trim().replace(LETTERED, '');
    return [labelKey(option), labelKey(words)].includes(wanted) ? [letters[i]!] : [];
  });
  return meant.length === 1 ? meant[0]! : answer;
}
