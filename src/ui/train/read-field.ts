/** Values as text and back. What cannot be read stays the text it is, so that the check can name it. Pure. */

export function readNumber(text: string, nullable: boolean): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return nullable ? null : text;
  const value = Number(trimmed);
  return Number.isNaN(value) ? text : value;
}

export function writeNumber(value: unknown): string {
  if (value === null) return '';
  if (typeof value !== 'number') return String(value);
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

export function readNumbers(text: string): unknown {
  const parts = text.split(',').flatMap((part) => part.trim() || []);
  const values = parts.map(Number);
  return values.some(Number.isNaN) ? text : values;
}

export function writeNumbers(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
