/** What Python's float() and round() make of a text and of a number; JavaScript's Number() and toFixed() differ. */
import { pythonStrip } from './python-space.ts';

const DIGITS = String.raw`\d(?:_?\d)*`;
const FLOAT = new RegExp(`^[+-]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`, 'i');
const NOT_FINITE = /^([+-]?)(?:(inf|infinity)|nan)$/i;
const DECIMAL = /\p{Nd}/u;

/** A decimal digit of any script as an ASCII one: digits lie in runs of ten that begin with zero. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0)!;
  let start = code;
  while (DECIMAL.test(String.fromCodePoint(start - 1))) start--;
  return String((code - start) % 10);
}

/** Python's float(text): digits of any script, `1_000`, `inf` and `nan` count; null where Python raises ValueError. */
export function pythonFloat(text: string): number | null {
  const plain = pythonStrip(text).replace(/\p{Nd}/gu, asciiDigit);
  const [whole, sign, infinite] = NOT_FINITE.exec(plain) ?? [];
  if (whole !== undefined && infinite === undefined) return Number.NaN;
  if (whole !== undefined) return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return FLOAT.test(plain) ? Number(plain.replaceAll('_', '')) : null;
}

/**
 * Python's round(value, 2): to the nearest hundredth of the exact binary value, a tie to the even one. Ties are the odd
 * eighths, the only numbers of this form that binary fractions can hold; toFixed sends them away from zero.
 */
export function roundHundredths(value: number): number {
  if (!Number.isFinite(value)) return value;
  if (Math.abs(value * 8) % 2 !== 1) return Number(value.toFixed(2));
  const below = Math.floor(value * 100);
  return (below % 2 === 0 ? below : below + 1) / 100;
}
