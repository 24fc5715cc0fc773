/** Walks JSON text once, from left to right, with a stack of its own: linear in time, whatever the text. */

/** Lists and objects inside each other that are followed; the deepest file that is known to be of use has about ten. */
export const JSON_DEPTH = 256;

/** The first place where text is no JSON, nests too deep, or has a key twice in one object. */
export type JsonFault =
  | { readonly kind: 'syntax' | 'deep'; readonly at: number }
  | { readonly kind: 'twice'; readonly at: number; readonly key: string };

const SPACE = /[ \t\r\n]*/y;
/** Up to the next quote, backslash or control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings.
const PLAIN = /[^"\\\x00-\x1f]*/y;
const SHORT_ESCAPES = '"\\/bfnrt';
const UNICODE_ESCAPE = /\\u[0-9a-fA-F]{4}/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** What Python writes for numbers that JSON has no word for. */
const NON_FINITE = /NaN|-?Infinity/y;

class Cursor {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character that is no space; '' at the end. */
  peek(): string {
    this.skip(SPACE);
    return this.#text[this.at] ?? '';
  }

  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  /** Past a string; false, at the string's start, where it is none. */
  string(): boolean {
    const start = this.at;
    if (!this.take('"')) return false;
    do this.skip(PLAIN);
    while (this.#escape());
    if (this.#text[this.at] === '"') {
      this.at++;
      return true;
    }
    this.at = start;
    return false;
  }

  #escape(): boolean {
    if (this.#text[this.at] !== '\\') return false;
    const next = this.#text[this.at + 1];
    if (next === undefined || !SHORT_ESCAPES.includes(next)) return this.skip(UNICODE_ESCAPE);
    this.at += 2;
    return true;
  }

  since(start: number): string {
    return this.#text.slice(start, this.at);
  }
}

/** Keys that an open object has had; none where they may repeat, and for a list. */
interface Open {
  readonly closes: '}' | ']';
  readonly keys: Set<string> | undefined;
}

export interface JsonWalk {
  readonly uniqueKeys: boolean;
  /** Lets NaN, Infinity and -Infinity pass, and is told where each begins and ends. */
  readonly onNonFinite?: (start: number, end: number) => void;
}

/** Undefined for text that is JSON. */
export function jsonFault(text: string, { uniqueKeys, onNonFinite }: JsonWalk): JsonFault | undefined {
  const cursor = new Cursor(text);
  const open: Open[] = [];
  const wrong = (): JsonFault => ({ kind: 'syntax', at: cursor.at });
  const nonFinite = (): boolean => {
    const start = cursor.at;
    if (!onNonFinite || !cursor.skip(NON_FINITE)) return false;
    onNonFinite(start, cursor.at);
    return true;
  };
  /** A member's key and colon. */
  const member = ({ keys }: Open): JsonFault | undefined => {
    cursor.peek();
    const start = cursor.at;
    if (!cursor.string()) return wrong();
    const written = keys && cursor.since(start);
    if (!cursor.take(':')) return wrong();
    if (written === undefined) return undefined;
    const key = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
    if (keys?.has(key)) return { kind: 'twice', at: start, key };
    keys?.add(key);
    return undefined;
  };
  for (;;) {
    const first = cursor.peek();
    const inner: Open | undefined =
      first === '{'
        ? { closes: '}', keys: uniqueKeys ? new Set() : undefined }
        : first === '['
          ? { closes: ']', keys: undefined }
          : undefined;
    if (inner) {
      if (open.length === JSON_DEPTH) return { kind: 'deep', at: cursor.at };
      cursor.at++;
      if (!cursor.take(inner.closes)) {
        open.push(inner);
        const fault = inner.closes === '}' ? member(inner) : undefined;
        if (fault) return fault;
        continue;
      }
    } else if (!cursor.string() && !cursor.skip(SCALAR) && !nonFinite()) return wrong();
    // A value has ended: what is around it goes on or ends too.
    for (;;) {
      const around = open.at(-1);
      if (!around) return cursor.peek() === '' && cursor.at === text.length ? undefined : wrong();
      if (cursor.take(',')) {
        const fault = around.closes === '}' ? member(around) : undefined;
        if (fault) return fault;
        break;
      }
      if (!cursor.take(around.closes)) return wrong();
      open.pop();
    }
  }
}
