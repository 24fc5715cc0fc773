/** The choices that a row offers, however its columns write them. */
import { InputError } from '../math/errors.ts';

type Columns = Readonly<Record<string, unknown>>;

export const OPTION_NAMES: readonly string[] = ['options', 'choices', 'candidates'];
/** Columns of a letter each, as tables of questions have them. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const isBlank = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
const isRecord = (value: unknown): value is Columns =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isWord = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

/** A column by its name, whatever the case. */
export function columnOf(columns: Columns, names: readonly string[]): unknown {
  const found = names.flatMap((name) => Object.keys(columns).filter((key) => key.toLowerCase() === name));
  return found.map((key) => columns[key]).find((value) => !isBlank(value));
}

/**
 * The choices of a row, in order; none where it offers none. Lists, an object of letters, ARC's {text, label}, the JSON of
 * one of these, and columns A, B, … are read. @throws InputError for anything else in a column of that name
 */
export function optionsOf(columns: Columns): readonly string[] {
  const value = columnOf(columns, OPTION_NAMES);
  if (value === undefined) return lettered(columns);
  const read = readOptions(typeof value === 'string' ? parsed(value) : value);
  if (read) return read;
  const shown = JSON.stringify(value);
  throw new InputError(
    `The options are ${shown.length > 200 ? `${shown.slice(0, 199)}…` : shown}; expected a list of texts.`,
    { hint: 'Write them as a JSON list: ["A. yes", "B. no"].' },
  );
}

/** The choices of a row; none where it has none, or writes them in a way that no prompt can show. */
export function optionsOrNone(columns: Columns): readonly string[] {
  try {
    return optionsOf(columns);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

function readOptions(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) return value.every(isWord) ? value.map(String) : undefined;
  if (!isRecord(value)) return undefined;
  const { text, label } = value;
  if (Array.isArray(text) && Array.isArray(label) && text.every(isWord) && label.every(isWord))
    return text.length === label.length ? text.map((word, index) => `${label[index]}. ${word}`) : undefined;
  const entries = Object.entries(value).filter(([, word]) => !isBlank(word));
  return entries.every((entry): entry is [string, string | number] => isWord(entry[1]))
    ? entries.map(([letter, word]) => `${letter}. ${word}`)
    : undefined;
}

/** JSON, or the text itself. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function lettered(columns: Columns): readonly string[] {
  const options: string[] = [];
  for (const letter of LETTERS) {
    const value = columns[letter];
    if (isBlank(value) || !isWord(value)) break;
    options.push(`${letter}. ${value}`);
  }
  return options.length > 1 ? options : [];
}
