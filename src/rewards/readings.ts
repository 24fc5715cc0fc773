/** What the text of an open answer says: the answer in it, and the number, option, span, items or words that this is. Pure. */
import type { Span } from '../math/overlap.ts';
import { foldAnswer } from './answer.ts';

const ANSWER = /<answer>([\s\S]*?)<\/answer>/i;
const THINKING = /<think>[\s\S]*?<\/think>/gi;
const BOXED = /\\boxed\{([^{}]*)\}/g;

/**
 * The answer that a text gives: what stands between the first answer tags; without them, behind the thinking, what follows
 * the last ####, or the last \boxed{}, or all of it. Null where thinking was not finished, or nothing is said.
 */
export function saidAnswer(text: string): string | null {
  const tagged = ANSWER.exec(text)?.[1];
  const open = text.replace(THINKING, ' ');
  if (tagged === undefined && /<think>/i.test(open)) return null;
  const said = (tagged ?? open).trim();
  const marked = said.includes('####') ? said.slice(said.lastIndexOf('####') + 4) : undefined;
  return (marked ?? [...said.matchAll(BOXED)].at(-1)?.[1] ?? said).trim() || null;
}

/** A number with thousands' commas or without, a sign that no word or number stands before, and perhaps a divisor. */
const NUMBER =
  /(?:(?<![\p{L}\p{N}_.)\]])[-−+])?(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?(?:\s*\/\s*\d+(?:\.\d+)?(?![\d/]|\s*\/))?/giu;
const DECIMAL_COMMA = /^[-−+]?\d+,\d{1,2}$/;

/** Null where it is too large, or a division by zero. */
function numberIn(written: string): number | null {
  const [number = '', divisor = '1'] = written.replaceAll(',', '').replaceAll('−', '-').split('/');
  const value = Number(number) / Number(divisor);
  return Number.isFinite(value) ? value : null;
}

/** A text that is a number and nothing else, but for a currency, a unit of per cent and a full stop; null for another. */
export function bareNumber(text: string): number | null {
  const bare = text
    .trim()
    .replace(/^[$€£¥]\s*/u, '')
    .replace(/\s*(?:%|°)?\.?$/u, '');
  if (DECIMAL_COMMA.test(bare)) return numberIn(bare.replace(',', '.'));
  const [found] = bare.match(NUMBER) ?? [];
  return found === bare ? numberIn(found) : null;
}

/** The number that an answer gives: the one it is, or the last one it names. */
export function readNumber(said: string): number | null {
  const bare = bareNumber(said);
  if (bare !== null) return bare;
  const last = lastNumber(said);
  return last === null ? null : numberIn(last);
}

/** The last number that a text names, as it is written; null where it names none. */
export function lastNumber(text: string): string | null {
  return text.match(NUMBER)?.at(-1) ?? null;
}

const TIME = String.raw`(?:\d+:)?\d+:\d+(?:\.\d+)?|\d+(?:\.\d+)?`;
/** It begins at the first digit, and white space is read in one way only: both would take the square of a text's length. */
const SPAN = new RegExp(
  String.raw`(?<!\d)(${TIME})\s*(?:(?:s|sec|secs|seconds)\s*)?(?:-|–|—|~|to|and|until|,)\s*(${TIME})`,
  'gi',
);

/** Seconds of "12.5", "1:05" or "1:02:03.5". */
const secondsOf = (time: string): number =>
  time.split(':').reduce((seconds, part) => 60 * seconds + Number(part), 0);

/** The last span of time that a text names ("3.5 - 7", "from 0:12 to 0:15", "[3.5, 7]"), in seconds; null without one. */
export function readSpan(text: string): Span | null {
  const last = [...text.matchAll(SPAN)].at(-1);
  if (!last) return null;
  const [start, end] = [secondsOf(last[1]!), secondsOf(last[2]!)];
  return start <= end ? [start, end] : null;
}

/** A text that is a span and nothing else. */
export function bareSpan(text: string): Span | null {
  const bare = text.trim().replace(/^[[(]\s*|\s*(?:s|sec|secs|seconds)?\s*[\])]?$/gi, '');
  const [found] = bare.match(SPAN) ?? [];
  return found === bare ? readSpan(bare) : null;
}

/** The items of a list that commas, semicolons or line breaks part, in brackets and quotation marks or without, folded. */
export function readItems(text: string): string[] {
  const inside = text.trim().replace(/^\[([\s\S]*)\]$/, '$1');
  return inside.split(/[,;，、；\n]/).flatMap((item) => foldAnswer(item) || []);
}

export const isBracketed = (text: string): boolean => /^\s*\[[\s\S]*\]\s*$/.test(text);

/** "A. Calm", "(b) sad", "C: …", "1. calm": its letter or figure, and its text. */
const LETTERED = /^\s*[([]?([A-Za-z]|[1-9](?=.\s))[)\].:、]\s*([\s\S]*)$/;

/** An option as its letter and its text; without a letter of its own it has that of its place. */
function lettered(option: string, place: number): { letter: string; text: string } {
  const [, letter, text] = LETTERED.exec(option) ?? [];
  if (letter !== undefined && text) return { letter: letter.toUpperCase(), text: foldAnswer(text) };
  return { letter: String.fromCharCode(65 + place), text: foldAnswer(option) };
}

const LONE_LETTER = /^\s*[([]?([A-Za-z1-9])[)\].:]?\s*$/;
const NAMED_LETTER = /\b(?:answer|option|choice)\b(?:\s+is)?\s*:?\s*\(?([A-Z])\b(?!\s+[a-z])/gi;
const OTHER_LETTER = /(?<![\p{L}\p{N}])[A-H][).\]:]/u;
const LETTER_IN_BRACKETS = /\(([A-Z])\)/g;

/**
 * The letter of the option that an answer names: by the letter alone, the letter before the option's text, "the answer is
 * B" or "(B)", or by the option's text, alone or as the only one in what is said. Null where it names none.
 */
export function readOption(said: string, options: readonly string[]): string | null {
  const known = options.map(lettered);
  const fits = (letter: string | undefined): string | null => {
    const upper = letter?.toUpperCase();
    const isKnown = known.length === 0 || known.some((option) => option.letter === upper);
    return upper !== undefined && isKnown ? upper : null;
  };
  const folded = foldAnswer(said);
  const equal = known.filter(({ text }) => text === folded && text !== '');
  if (equal.length === 1) return equal[0]!.letter;
  const [, begun, rest = ''] = LETTERED.exec(said) ?? [];
  const whole = fits(LONE_LETTER.exec(said)?.[1] ?? (OTHER_LETTER.test(rest) ? undefined : begun));
  if (whole !== null) return whole;
  const named = [...said.matchAll(NAMED_LETTER)].at(-1)?.[1];
  const bracketed = new Set([...said.matchAll(LETTER_IN_BRACKETS)].map(([, letter]) => letter));
  const letter = fits(named) ?? (bracketed.size === 1 ? fits([...bracketed][0]) : null);
  if (letter !== null) return letter;
  const inside = known.filter(({ text }) => text !== '' && holdsWords(folded, text));
  return inside.length === 1 ? inside[0]!.letter : null;
}

/** Whether a folded text holds another as whole words; in scripts without spaces, at any place. */
export function holdsWords(text: string, part: string): boolean {
  if (part === '') return false;
  const isWord = (character: string | undefined): boolean =>
    character !== undefined && /[\p{L}\p{N}]/u.test(character) && !UNSPACED.test(character);
  const letters = [...part];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    const end = at + part.length;
    const [before, after] = [[...text.slice(Math.max(0, at - 2), at)], [...text.slice(end, end + 2)]];
    const opens = !(isWord(letters[0]) && isWord(before.at(-1)));
    const closes = !(isWord(letters.at(-1)) && isWord(after[0]));
    if (opens && closes) return true;
  }
  return false;
}

/**
 * Scripts that put no spaces between words (Han, Hiragana, Katakana, Thai), as ranges of code points: what Unicode's tables of
 * scripts say, which Python does not have.
 */
export const UNSPACED_RANGES: readonly (readonly [first: number, last: number])[] =
  `e01-e3a e40-e5b 2e80-2e99 2e9b-2ef3 2f00-2fd5 3005 3007 3021-3029 3038-303b 3041-3096 309d-309f 30a1-30fa 30fd-30ff 31f0-31ff
  32d0-32fe 3300-3357 3400-4dbf 4e00-9fff f900-fa6d fa70-fad9 ff66-ff6f ff71-ff9d 16fe2-16fe3 16ff0-16ff6 1aff0-1aff3
  1aff5-1affb 1affd-1affe 1b000-1b122 1b132 1b150-1b152 1b155 1b164-1b167 1f200 20000-2a6df 2a700-2b81d 2b820-2cead
  2ceb0-2ebe0 2ebf0-2ee5d 2f800-2fa1d 30000-3134a 31350-33479`
    .split(/\s+/)
    .map((range) => {
      const [first = '', last = first] = range.split('-');
      return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
    });
const codePoint = (code: number): string => `\\u{${code.toString(16)}}`;
const UNSPACED_CLASS = UNSPACED_RANGES.map(([first, last]) => `${codePoint(first)}-${codePoint(last)}`).join(
  '',
);
const UNSPACED = new RegExp(`[${UNSPACED_CLASS}]`, 'u');
const TOKENS = new RegExp(`${UNSPACED.source}|(?:(?!${UNSPACED.source})[\\p{L}\\p{N}\\p{M}])+`, 'gu');

/**
 * Tokens of ROUGE: lower-case runs of letters and digits. On ASCII text they are those of Google's rouge_score without its
 * stemmer; that drops every other letter, which here counts, each character of a script without spaces by itself.
 */
export const rougeTokens = (text: string): string[] => text.toLowerCase().match(TOKENS) ?? [];

/** Words as Python's str.split() finds them; case and marks stay. */
export const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

/** The one of yes and no that a text has as a word; null where it has both or neither. */
export function readYesNo(text: string): 'yes' | 'no' | null {
  const [yes, no] = [/\byes\b/i.test(text), /\bno\b/i.test(text)];
  if (yes === no) return null;
  return yes ? 'yes' : 'no';
}
