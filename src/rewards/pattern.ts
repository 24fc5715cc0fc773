/**
 * Regular expressions that mean the same in JavaScript and in Python: what the two read differently is refused by name, the rest
 * is translated. \d, \w and \b go by ASCII and \s by JavaScript's white space; the dot is all but a newline, and $ the very end.
 */
import { InputError } from '../math/errors.ts';

const PART = /\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\(\?(?:<[=!]|[\s\S])|[\s\S]/gu;
const ESCAPES = /^\\(?:[dDwWsSbBnrtfv^$\\.*+?()[\]{}|/]|[ux])$/;
const CLASS_ESCAPES = /^\\(?:[dDwWsnrtfv^$\\.*+?()[\]{}|/-]|[ux])$/;
const SURROGATE = /\\u[dD][89a-fA-F]/;
const MOST_REPEATS = 1000;

/** A pattern as JavaScript runs it. @throws InputError where it is none, or leaves what both languages have in common */
export function commonPattern(pattern: string): RegExp {
  const parts = pattern.match(PART) ?? [];
  for (const part of parts) refuse(part, pattern);
  for (const [repeats] of pattern.matchAll(/\d+(?=,?\d*\})/g))
    if (Number(repeats) > MOST_REPEATS) throw outside(pattern, `more than ${MOST_REPEATS} repeats`);
  try {
    return new RegExp(parts.map((part) => (part === '.' ? '[^\\n]' : part)).join(''), 'u');
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
  if (part.startsWith('\\') && !ESCAPES.test(part)) throw outside(pattern, `the escape ${part}`);
  if (SURROGATE.test(pattern)) throw outside(pattern, 'half of a surrogate pair');
  if (part.startsWith('(?<=') || part.startsWith('(?<!')) throw outside(pattern, `the lookbehind ${part}…)`);
  if (part.startsWith('(?') && !/^\(\?[:=!]$/.test(part)) throw outside(pattern, `the group ${part}…)`);
  if (part.startsWith('[') && part.length > 1) refuseClass(part.slice(1, -1), pattern);
}

function refuseClass(inside: string, pattern: string): void {
  const shown = `the class [${inside}]`;
  if (inside === '' || inside === '^') throw outside(pattern, `${shown}, which is empty`);
  const signs: readonly string[] = inside.match(/\\[\s\S]|[\s\S]/gu) ?? [];
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

/** Translates for Python what `commonPattern` lets through; to be compiled with re.ASCII. */
export const PATTERN_PYTHON = String.raw`
_PART = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[.$]", re.DOTALL)
_IN_PYTHON = {".": r"[^\n]", "$": r"\Z", r"\s": f"[{_SPACE}]", r"\S": f"[^{_SPACE}]"}


def _in_class(sign):
    return _SPACE if sign.group() == r"\s" else sign.group()


def _in_python(part):
    if part.group()[0] == "[":
        return re.sub(r"\\.", _in_class, part.group(), flags=re.DOTALL)
    return _IN_PYTHON.get(part.group(), part.group())


@functools.lru_cache
def _common_pattern(pattern):
    return re.compile(_PART.sub(_in_python, pattern), re.ASCII)
`;
