/**
 * Small mathematics as answers write it, in plain text or LaTeX: integers, decimals, thousands' commas, fractions and mixed
 * numbers, per cent, powers, roots, pi, and algebra in letters. Two expressions are the same where they have the same value at
 * five points. The language is no larger than what the program in Python (`maths-python.ts`) reads alike: no functions but roots,
 * no equations but "x = …", no sets, intervals or matrices. Pure.
 */

/** What LaTeX and typing write in several ways, as one; in order. The patterns mean the same in Python. */
export const SPELLINGS: readonly (readonly [pattern: string, replacement: string])[] = [
  [String.raw`\\(?:text|textbf|mathrm|mathbf|mbox)\{[^{}]*\}`, ' '],
  [
    String.raw`\\(?:left|right|displaystyle|quad|qquad)(?![A-Za-z])|\\[,;:! ]|\{,\}(?![0-9]{3})|~|\u00a0`,
    ' ',
  ],
  [String.raw`\{,\}|,(?=[0-9]{3}(?![0-9]))`, ','],
  [String.raw`\^ *\{? *\\circ *\}?|\\degree(?![A-Za-z])|°`, ' '],
  [String.raw`\*\*`, '^'],
  [String.raw`\\(?:cdot|times)(?![A-Za-z])|[×·⋅]`, '*'],
  [String.raw`\\div(?![A-Za-z])|÷`, '/'],
  ['[−–]', '-'],
  [String.raw`\\[dt]?frac(?![A-Za-z])`, ' frac '],
  [String.raw`\\sqrt(?![A-Za-z])|√`, ' sqrt '],
  [String.raw`\\pi(?![A-Za-z])|π`, ' pi '],
  ['²', '^2'],
  ['³', '^3'],
  [String.raw`\\%`, '%'],
  [String.raw`\\?\$|[£€]`, ' '],
];
const spellings = SPELLINGS.map(([pattern, replacement]) => [new RegExp(pattern, 'g'), replacement] as const);
const THOUSANDS = /(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])/g;
const TOKEN = /[0-9]+(?:\.[0-9]+)?|\.[0-9]+|frac|sqrt|pi|[A-Za-z]|[-+*/^%(){}[\]]/y;
/** Letters in a row that are no product of names but a word. */
const WORD = /(?<![A-Za-z])(?!(?:frac|sqrt|pi)(?![A-Za-z]))[A-Za-z]{3}/;
const LONGEST = 300;
const DEEPEST = 30;

/** An expression as its tokens. */
export type Maths = readonly string[];

/** Reads a text that is one expression; null for anything else. */
export function readMaths(text: string): Maths | null {
  if ([...text].length > LONGEST) return null;
  let plain = spellings.reduce(
    (said, [pattern, replacement]) => said.replace(pattern, () => replacement),
    text,
  );
  plain = plain.replace(THOUSANDS, (number) => number.replaceAll(',', ''));
  plain = plain.replace(/^[ \t\r\n]*[A-Za-z][ \t\r\n]*=/, '').replace(/\.?[ \t\r\n]*$/, '');
  if (WORD.test(plain)) return null;
  const tokens = tokensOf(plain);
  return tokens !== null && new Evaluation(tokens, 0).value() !== null ? tokens : null;
}

function tokensOf(plain: string): string[] | null {
  const tokens: string[] = [];
  // Of \frac12, a half, each digit is an argument.
  let digits = 0;
  for (let at = 0; at < plain.length; ) {
    if (/[ \t\r\n]/.test(plain.charAt(at))) {
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(plain)?.[0];
    if (found === undefined) return null;
    const token = digits > 0 && isNumber(found) ? found.slice(0, 1) : found;
    digits = token === 'frac' ? 2 : isNumber(token) ? digits - 1 : 0;
    tokens.push(token);
    at += token.length;
  }
  return tokens;
}

/** What no value can be given to, caught by `value`. */
class Unreadable extends Error {}

const isNumber = (token: string | undefined): token is string => token !== undefined && /^[0-9.]/.test(token);
const isLetter = (token: string | undefined): token is string =>
  token !== undefined && /^[A-Za-z]$/.test(token);
const finite = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);

/** A letter's value at a point: of either sign, and different for every letter. */
function letterValue(letter: string, point: number): number {
  const value = (((letter.charCodeAt(0) * 7 + point * 13) % 59) + 2) / 17;
  return point % 2 === 0 ? value : -value;
}

/** Reads tokens from left to right and computes what they come to at a point; NaN where that is no finite real number. */
class Evaluation {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly tokens: Maths,
    private readonly point: number,
  ) {}

  /** Null where the tokens are no expression. */
  value(): number | null {
    try {
      const value = this.sum();
      return this.at === this.tokens.length ? finite(value) : null;
    } catch (error) {
      if (error instanceof Unreadable) return null;
      throw error;
    }
  }

  private get next(): string | undefined {
    return this.tokens[this.at];
  }

  private take(token: string): boolean {
    if (this.next !== token) return false;
    this.at++;
    return true;
  }

  private sum(): number {
    let value = this.product();
    for (;;) {
      if (this.take('+')) value += this.product();
      else if (this.take('-')) value -= this.product();
      else return value;
    }
  }

  private product(): number {
    let value = this.signed();
    for (;;) {
      if (this.take('*')) value *= this.signed();
      else if (this.take('/')) value = finite(value / this.signed());
      else if (isLetter(this.next) || ['(', '{', 'frac', 'sqrt', 'pi'].includes(this.next ?? ''))
        value *= this.power();
      else return value;
    }
  }

  /** A minus binds less than a power: -x^2 is -(x^2). */
  private signed(): number {
    let sign = 1;
    for (;;) {
      if (this.take('-')) sign = -sign;
      else if (!this.take('+')) return sign * this.power();
    }
  }

  private power(): number {
    let base = this.atom();
    while (this.take('%')) base /= 100;
    return this.take('^') ? raised(base, this.exponent()) : base;
  }

  private exponent(): number {
    return this.nested(() => (this.take('-') ? -this.power() : this.power()));
  }

  /** What `read` comes to, one level deeper. */
  private nested(read: () => number): number {
    if (++this.depth > DEEPEST) throw new Unreadable();
    const value = read();
    this.depth--;
    return value;
  }

  private atom(): number {
    if (this.take('(')) return this.upTo(')');
    if (this.take('{')) return this.upTo('}');
    if (this.take('pi')) return Math.PI;
    if (this.take('frac')) return this.nested(() => this.fraction());
    if (this.take('sqrt')) return this.nested(() => this.root());
    const token = this.next;
    this.at++;
    if (isLetter(token)) return letterValue(token, this.point);
    if (!isNumber(token)) throw new Unreadable();
    // A whole number before \frac is that of a mixed number.
    const isMixed = /^[0-9]+$/.test(token) && this.take('frac');
    return Number(token) + (isMixed ? this.nested(() => this.fraction()) : 0);
  }

  private upTo(bracket: string): number {
    const value = this.nested(() => this.sum());
    if (!this.take(bracket)) throw new Unreadable();
    return value;
  }

  private fraction(): number {
    const above = this.atom();
    return finite(above / this.atom());
  }

  private root(): number {
    const degree = this.take('[') ? this.upTo(']') : 2;
    const value = this.atom();
    return degree === 2 ? finite(Math.sqrt(value)) : raised(value, finite(1 / degree));
  }
}

/** A power; NaN where it is not finite and real. */
const raised = (base: number, exponent: number): number =>
  Number.isFinite(base) && Number.isFinite(exponent) ? finite(base ** exponent) : Number.NaN;

/** A whole number in its shortest form, of any length; null for anything else. */
function wholeNumber(tokens: Maths): string | null {
  const [, sign, digits] = /^(-?)0*([0-9]+)$/.exec(tokens.join('')) ?? [];
  if (digits === undefined) return null;
  return digits === '0' ? digits : `${sign}${digits}`;
}

const POINTS = [0, 1, 2, 3, 4];
const NOTHING = 1e-12;

/**
 * Whether two expressions are the same: whole numbers digit by digit, all else by their values at five points, each within
 * `tolerance` of the larger one. Points where neither has a value are left out, but not all may be.
 */
export function isSameMaths(gold: Maths, said: Maths, tolerance: number): boolean {
  const [wanted, given] = [wholeNumber(gold), wholeNumber(said)];
  if (wanted !== null && given !== null) return wanted === given;
  const pairs = POINTS.map((point) => [valueAt(gold, point), valueAt(said, point)] as const);
  const known = pairs.filter(([a, b]) => !(Number.isNaN(a) && Number.isNaN(b)));
  const isNear = ([a, b]: readonly [number, number]) =>
    Math.abs(a - b) <= Math.max(NOTHING, tolerance * Math.max(Math.abs(a), Math.abs(b)));
  return known.length > 0 && known.every(isNear);
}

const valueAt = (tokens: Maths, point: number): number => new Evaluation(tokens, point).value() ?? Number.NaN;

const DELIMITED = /\$\$?([^$]+)\$\$?|\\\(([\s\S]*?)\\\)|\\\[([\s\S]*?)\\\]/g;
const BOXED = '\\boxed{';

/** The expression that a text ends on: behind its last ####, in its last \boxed{}, or between its last $ $; else the text. */
export function writtenMaths(text: string): string {
  const said = text.split('####').at(-1)!;
  return boxed(said) ?? delimited(said) ?? said;
}

/** The contents of the last \boxed{}, with the braces in it; null without one that ends. */
function boxed(text: string): string | null {
  const start = text.lastIndexOf(BOXED) + BOXED.length;
  let depth = start < BOXED.length ? 0 : 1;
  for (let at = start; at < text.length && depth > 0; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return text.slice(start, at);
  }
  return null;
}

function delimited(text: string): string | null {
  const [, dollars, round, square] = [...text.matchAll(DELIMITED)].at(-1) ?? [];
  return dollars ?? round ?? square ?? null;
}
