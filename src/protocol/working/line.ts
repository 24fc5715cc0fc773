/** How a figure came about, line by line, each with its numbers filled in: whoever evaluates what is printed finds the value. Pure. */

export interface Line {
  readonly what: string;
  /** In symbols. */
  readonly formula?: string;
  /** The same in numbers; absent where the value was given and not worked out. */
  readonly filled?: string;
  readonly value: number;
}

export interface Working {
  /** Up to the figure itself, which the last of them is; none where it cannot be worked out again. */
  readonly lines: readonly Line[];
  /** What it is used for. */
  readonly follows?: readonly Line[];
  /** Sentences. */
  readonly notes?: readonly string[];
}

/** Digits that are printed: what is evaluated from them is within 1e-6 of what the run computed. */
const DIGITS = 10;

/** A number as text, with a sign that is no hyphen. */
export function printed(value: number): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  return String(Number(value.toPrecision(DIGITS)))
    .replace('e+', 'e')
    .replaceAll('-', '−');
}

/** The same where other numbers stand before it: a negative one is in brackets. */
export function operand(value: number): string {
  return value < 0 ? `(${printed(value)})` : printed(value);
}

/** Terms with signs between them. */
export function joined(terms: readonly string[]): string {
  if (terms.length === 0) return '0';
  return terms.map((term, at) => (at === 0 ? term : signed(term))).join('');
}

const signed = (term: string): string => (term.startsWith('−') ? ` − ${term.slice(1)}` : ` + ${term}`);

/** Equal numbers with how often there are such, in the order of their first. */
export function tally(values: readonly number[]): [value: number, times: number][] {
  const times = new Map<number, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  return [...times];
}

/** "1 + 0.5 + 3 × 0.25" */
export function sumText(values: readonly number[]): string {
  return joined(tally(values).map(([value, times]) => repeated(times, value)));
}

const repeated = (times: number, value: number): string =>
  times === 1 ? printed(value) : `${times} × ${operand(value)}`;

/** A sum in the place of an operand. */
export const inBrackets = (text: string): string =>
  /[ ]/.test(text) || text.startsWith('−') ? `(${text})` : text;

/** Mean of values. */
export function meanLine(what: string, formula: string, values: readonly number[], value: number): Line {
  return { what, formula, filled: `${inBrackets(sumText(values))} / ${values.length}`, value };
}

/** Standard deviation with n − 1 in the denominator. */
export function deviationLine(
  what: string,
  formula: string,
  values: readonly number[],
  { centre, value }: { readonly centre: number; readonly value: number },
): Line {
  const squares = tally(values).map(([each, times]) => {
    const square = `(${printed(each)} − ${operand(centre)})²`;
    return times === 1 ? square : `${times} × ${square}`;
  });
  return { what, formula, filled: `√((${squares.join(' + ')}) / (${values.length} − 1))`, value };
}

/** What cannot be worked out again, and why. */
export const unknown = (...notes: readonly string[]): Working => ({ lines: [], notes });
