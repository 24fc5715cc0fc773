/** What Python's str.strip() and `\s` take for white space; JavaScript's set differs (it has U+FEFF, and not U+001C…1F, U+0085). */
export const PYTHON_SPACE =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEADING_SPACE = new RegExp(`^[${PYTHON_SPACE}]+`);

/** Python's str.strip(). */
export function pythonStrip(text: string): string {
  const isSpace = (index: number) => LEADING_SPACE.test(text.charAt(index));
  let end = text.length;
  while (end > 0 && isSpace(end - 1)) end--;
  return text.slice(0, end).replace(LEADING_SPACE, '');
}
