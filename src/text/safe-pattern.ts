/**
 * Whether a regular expression of a stranger can keep the engine busy for ever. Engines try alternatives one after the other, so that a
 * few characters of pattern may take exponential time: `(a+)+$`. What tokenizers are published with is far from that; what is near to it is
 * refused. An accepted pattern takes at most the square of the text's length.
 */
import { InputError } from '../math/errors.ts';

/** Choices that a match must make beside each other. */
interface Choices {
  /** Repetitions without an end. */
  readonly endless: number;
  /** Things that may be absent, and repetitions of a few. */
  readonly optional: number;
  /** Groups with alternatives. */
  readonly alternatives: number;
  /** Whether something that must match follows two endless repetitions. */
  readonly fails: boolean;
}

const NONE: Choices = { endless: 0, optional: 0, alternatives: 0, fails: false };
const MOST_LENGTH = 4000;
const MOST = { endless: 2, optional: 4, alternatives: 3 } as const;
/** A repetition of so many at most is as good as things that may be absent. */
const FEW = 3;

class Unsafe extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found) this.#at += found[0].length;
    return found;
  }

  /** Alternatives up to a closing bracket or the end: the choices of the worst of them, and how many there are. */
  alternatives(): { worst: Choices; count: number } {
    let worst = this.#sequence();
    let count = 1;
    while (this.#take(/\|/y)) {
      count++;
      worst = larger(worst, this.#sequence());
    }
    return { worst, count };
  }

  #sequence(): Choices {
    let sum = NONE;
    while (!this.isAtEnd && !/[|)]/.test(this.#text[this.#at]!)) {
      const item = this.#item();
      const fails = sum.fails || (sum.endless >= MOST.endless && item.mustMatch);
      sum = { ...added(sum, item.choices), fails: fails || item.choices.fails };
      if (sum.endless > MOST.endless) throw new Unsafe('more than two endless repetitions in a row');
      if (sum.optional > MOST.optional) throw new Unsafe('many things in a row that may be absent');
      if (sum.alternatives > MOST.alternatives) throw new Unsafe('many groups of alternatives in a row');
      if (sum.fails) throw new Unsafe('something that must match after two endless repetitions');
    }
    return sum;
  }

  #item(): { choices: Choices; mustMatch: boolean } {
    const inner = this.#atom();
    const repeat = this.#take(/(?:[*+?]|\{\d+(?:,\d*)?\})[?+]?/y)?.[0];
    if (repeat === undefined) return { choices: inner, mustMatch: true };
    const [least, most] = bounds(repeat);
    const mayChoose = inner.endless + inner.optional + inner.alternatives > 0;
    if (most > 1 && mayChoose) throw new Unsafe('a repetition of something that can match in several ways');
    if (most > FEW && least !== most)
      return { choices: added(inner, { ...NONE, endless: 1 }), mustMatch: least > 0 };
    if (least === most) return { choices: inner, mustMatch: least > 0 };
    return { choices: added(inner, { ...NONE, optional: 1 }), mustMatch: least > 0 };
  }

  #atom(): Choices {
    if (this.#take(/\\[1-9]|\\[kg][<'{]/y)) throw new Unsafe('a reference to what was matched before');
    if (this.#take(/\\[pPxu]\{[^}]*\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[\s\S]/y)) return NONE;
    if (this.#text[this.#at] === '[') return this.#characters();
    const group = this.#take(/\((?:\?(?:[:>=!]|<[=!]|<\w+>|[a-z]*(?:-[a-z]+)?[:)]))?/y);
    if (!group) {
      this.#at++;
      return NONE;
    }
    // Flags for what follows: (?i)
    if (group[0].endsWith(')')) return NONE;
    if (++this.#depth > 32) throw new Unsafe('deeply nested groups');
    if (this.#text[this.#at] === '?') throw new Unsafe('a group of an unknown kind');
    const { worst, count } = this.alternatives();
    if (!this.#take(/\)/y)) throw new Unsafe('a group that is not closed');
    this.#depth--;
    return count > 1 ? added(worst, { ...NONE, alternatives: 1 }) : worst;
  }

  /** A class of characters. Where dialects differ in where it ends, it is refused. */
  #characters(): Choices {
    const found = this.#take(/\[\^?(?![\]])(?:[^\\[\]]|\\[\s\S])*\]/y);
    if (found && !found[0].includes('&&')) return NONE;
    throw new Unsafe('a class of characters within another, or without an end');
  }
}

function bounds(repeat: string): [least: number, most: number] {
  const sign = repeat[0]!;
  if (sign !== '{') return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY];
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)/.exec(repeat)!;
  const end = comma === '' ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most);
  return [Number(least), end];
}

const added = (a: Choices, b: Choices): Choices => ({
  endless: a.endless + b.endless,
  optional: a.optional + b.optional,
  alternatives: a.alternatives + b.alternatives,
  fails: a.fails || b.fails,
});

const larger = (a: Choices, b: Choices): Choices => ({
  endless: Math.max(a.endless, b.endless),
  optional: Math.max(a.optional, b.optional),
  alternatives: Math.max(a.alternatives, b.alternatives),
  fails: a.fails || b.fails,
});

/** Throws an InputError unless the pattern is sure to end in good time. */
export function demandSafePattern(pattern: string, label: string): void {
  try {
    if (pattern.length > MOST_LENGTH) throw new Unsafe(`${pattern.length} characters`);
    const reader = new Reader(pattern);
    reader.alternatives();
    if (!reader.isAtEnd) throw new Unsafe('a bracket that closes nothing');
  } catch (error) {
    if (!(error instanceof Unsafe)) throw error;
    const shown = pattern.length > 80 ? `${pattern.slice(0, 79)}…` : pattern;
    throw new InputError(
      `${label}: the pattern ${JSON.stringify(shown)} may take for ever: found ${error.message}, expected a plain pattern as in published tokenizers.`,
      { hint: 'Use the tokenizer files of the published model.' },
    );
  }
}
