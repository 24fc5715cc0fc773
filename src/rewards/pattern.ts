/**
 * Regular expressions that mean the same in JavaScript and in Python: what the two read differently is refused by name, and what
 * is left is searched by an automaton of our own in both (why: D-191). \d, \w and \b go by ASCII and \s by JavaScript's white
 * space; the dot is all but a newline, and $ the very end.
 */
import { InputError } from '../math/errors.ts';
import { Automaton } from './automaton.ts';
import { MOST_PARTS, PART, readPattern } from './pattern-tree.ts';

const ESCAPES = /^\\(?:[dDwWsSbBnrtfv^$\\.*+?()[\]{}|/]|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2})$/;
const CLASS_ESCAPES = /^\\(?:[dDwWsSnrtfv^$\\.*+?()[\]{}|/-]|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2})$/;
const CLASS_SIGN = /\\u[\dA-Fa-f]{4}|\\x[\dA-Fa-f]{2}|\\[\s\S]|[\s\S]/gu;
const SURROGATE = /\\u[dD][89a-fA-F]/;
const MOST_REPEATS = 1000;
const DEEPEST = 50;
/** Patterns that are kept as they were read: those of a schema are asked again and again. */
const MOST_KEPT = 100;

const kept = new Map<string, Automaton>();

/** A pattern, ready to be searched for. @throws InputError where it is none, or leaves what both languages have in common */
export function commonPattern(pattern: string): Automaton {
  const found = kept.get(pattern);
  if (found) return found;
  const made = read(pattern);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(pattern, made);
  return made;
}

function read(pattern: string): Automaton {
  const parts = pattern.match(PART) ?? [];
  for (const part of parts) refuse(part, pattern);
  if (depthOf(parts) > DEEPEST) throw outside(pattern, `groups in each other, more than ${DEEPEST} deep`);
  for (const [repeats] of pattern.matchAll(/\d+(?=,?\d*\})/g))
    if (Number(repeats) > MOST_REPEATS) throw outside(pattern, `more than ${MOST_REPEATS} repeats`);
  demandSound(pattern, parts);
  const tree = readPattern(parts);
  if (!tree)
    throw new InputError(
      `The pattern ${JSON.stringify(pattern)} has more than ${MOST_PARTS} signs once its repeats are expanded.`,
      { hint: 'Repeat less: + instead of {1,1000}, and no repeats of repeats.' },
    );
  return new Automaton(tree);
}

function depthOf(parts: readonly string[]): number {
  let [depth, deepest] = [0, 0];
  for (const part of parts) {
    if (part.startsWith('(')) deepest = Math.max(deepest, ++depth);
    if (part === ')') depth--;
  }
  return deepest;
}

/** What is wrong with a pattern JavaScript says best. */
function demandSound(pattern: string, parts: readonly string[]): void {
  try {
    new RegExp(parts.map((part) => (part === '.' ? '[^\\n]' : part)).join(''), 'u');
  } catch (error) {
    throw new InputError(
      `The pattern ${JSON.stringify(pattern)} is no regular expression: ${String(error)}.`,
      {
        hint: 'Put a backslash before signs that stand for themselves: \\. \\( \\{ \\[.',
      },
    );
  }
}

function refuse(part: string, pattern: string): void {
  if (/^\\\d/.test(part)) throw outside(pattern, `the reference ${part} to a group`);
  if (SURROGATE.test(pattern)) throw outside(pattern, 'half of a surrogate pair');
  if (part.startsWith('\\') && !ESCAPES.test(part)) throw outside(pattern, `the escape ${part}`);
  if (part.startsWith('(?<=') || part.startsWith('(?<!')) throw outside(pattern, `the lookbehind ${part}…)`);
  if (part.startsWith('(?') && !/^\(\?[:=!]$/.test(part)) throw outside(pattern, `the group ${part}…)`);
  if (part.startsWith('[') && part.length > 1) refuseClass(part.slice(1, -1), pattern);
}

function refuseClass(inside: string, pattern: string): void {
  const shown = `the class [${inside}]`;
  if (inside === '' || inside === '^') throw outside(pattern, `${shown}, which is empty`);
  const signs: readonly string[] = inside.match(CLASS_SIGN) ?? [];
  const unlike = signs.find((sign) => sign.startsWith('\\') && !CLASS_ESCAPES.test(sign));
  if (unlike !== undefined) throw outside(pattern, `the escape ${unlike} in ${shown}`);
  if (signs.includes('[') || /--|&&|~~|\|\|/.test(inside)) throw outside(pattern, `sets in ${shown}`);
}

const outside = (pattern: string, found: string): InputError =>
  new InputError(
    `The pattern ${JSON.stringify(pattern)} has ${found}, which JavaScript and Python do not read alike.`,
    {
      hint: 'Use signs, classes such as [a-z], \\d \\w \\s \\b, groups (…) and (?:…), (?=…), (?!…), |, *, +, ?, {2,5}, ^ and $.',
    },
  );
