import { InputError } from '../math/errors.ts';

/** Text → JSON object, or an InputError that names the file and the place. */
export function parseJsonObject(text: string, label: string): Record<string, unknown> {
  const value = parseJson(text, label);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InputError(
    `${label}: expected a JSON object, found ${Array.isArray(value) ? 'a list' : typeof value}.`,
  );
}

/** Text → JSON value, or an InputError that names the file, line and column of the first thing that is not JSON. */
export function parseJson(text: string, label: string): unknown {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return JSON.parse(source);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const position = jsonErrorPosition(source);
    const before = source.slice(0, position);
    const line = before.split('\n').length;
    const column = position - before.lastIndexOf('\n');
    const found =
      position >= source.length
        ? 'the text ends too early'
        : `found ${JSON.stringify(source.slice(position, position + 12))}`;
    throw new InputError(`${label} is not JSON at line ${line}, column ${column}: ${found}.`, {
      hint: 'Open the file in an editor that checks JSON and correct that place.',
      cause,
    });
  }
}

const SPACE = /[ \t\r\n]*/y;
const CONTROL = '\\x00-\\x1f';
const STRING = new RegExp(`"(?:[^"\\\\${CONTROL}]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"`, 'y');
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Where text stops being JSON. Engines differ in whether and how their messages tell it, so this walks the text again. */
function jsonErrorPosition(text: string): number {
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const matched = pattern.test(text);
    if (matched) at = pattern.lastIndex;
    return matched;
  };
  const take = (character: string): boolean => {
    skip(SPACE);
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const list = (item: () => boolean): boolean => {
    do {
      if (!item()) return false;
    } while (take(','));
    return true;
  };
  const value = (): boolean => {
    if (take('{')) return take('}') || (list(member) && take('}'));
    if (take('[')) return take(']') || (list(value) && take(']'));
    return skip(STRING) || skip(SCALAR);
  };
  const member = (): boolean => {
    skip(SPACE);
    return skip(STRING) && take(':') && value();
  };
  if (value()) skip(SPACE);
  return at;
}
