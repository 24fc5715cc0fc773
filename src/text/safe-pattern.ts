/**
 * Whether a regular expression of a stranger can keep the engine busy for ever. Engines try alternatives one after the other, so that a
 * few characters of pattern may take exponential time: `(a+)+$`. What tokenizers are published with is far from that; what is near to it is
 * refused. An accepted pattern takes at most the square of the text's length, times its cost.
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
  /** Endless repetitions before the last thing that must match: for each length of each of them it is tried. */
  readonly tried: number;
  /** Ways to match, an endless repetition counted as one, and how many of them hold an endless one. */
  readonly ways: number;
  readonly endlessWays: number;
  /** Characters that are tried at one place, in all ways, endless repetitions left aside. */
  readonly work: number;
  /** Things tried for each length of an endless repetition: the pattern takes so many times the square of a text's length. */
  readonly cost: number;
}

const NONE: Choices = {
  ...{ endless: 0, optional: 0, alternatives: 0, fails: false, tried: 0 },
  ...{ ways: 1, endlessWays: 0, work: 0, cost: 0 },
};
/** A character, a class of them, or an assertion. */
const ONE: Choices = { ...NONE, work: 1 };
const MOST_LENGTH = 4000;
const MOST = { endless: 2, optional: 4, alternatives: 3 } as const;
/** A repetition of so many at most is as good as things that may be absent. */
const FEW = 3;
/** A repetition of more than this has an end that no published pattern has, and no text may ever reach. */
const MANY = 64;
const MOST_WORK = 4096;
/** Published patterns cost up to 4. */
export const MOST_PATTERN_COST = 16;

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
      sum = { ...following(sum, item), fails: fails || item.choices.fails };
      if (sum.endless > MOST.endless) throw new Unsafe('more than two endless repetitions in a row');
      if (sum.optional > MOST.optional) throw new Unsafe('many things in a row that may be absent');
      if (sum.alternatives > MOST.alternatives) throw new Unsafe('many groups of alternatives in a row');
      if (sum.fails || sum.tried > 1)
        throw new Unsafe('something that must match after two endless repetitions');
      if (sum.work > MOST_WORK) throw new Unsafe('thousands of characters to try at each place');
    }
    return sum;
  }

  #item(): Item {
    const inner = this.#atom();
    const repeat = this.#take(/(?:[*+?]|\{\d+(?:,\d*)?\})[?+]?/y)?.[0];
    if (repeat === undefined) return { choices: inner, mustMatch: true };
    const [least, most] = bounds(repeat);
    if (least > MANY || (most > MANY && most < Number.POSITIVE_INFINITY))
      throw new Unsafe(`a repetition of ${most > MANY ? most : least}`);
    const mayChoose = inner.endless + inner.optional + inner.alternatives > 0;
    if (most > 1 && mayChoose) throw new Unsafe('a repetition of something that can match in several ways');
    return { choices: repeated(inner, least, most), mustMatch: least > 0 };
  }

  #atom(): Choices {
    if (this.#take(/\\[1-9]|\\[kg][<'{]/y)) throw new Unsafe('a reference to what was matched before');
    if (this.#take(/\\[pPxu]\{[^}]*\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[\s\S]/y)) return ONE;
    if (this.#text[this.#at] === '[') return this.#characters();
    const group = this.#take(/\((?:\?(?:[:>=!]|<[=!]|<\w+>|[a-z]*(?:-[a-z]+)?[:)]))?/y);
    if (!group) {
      this.#at++;
      return ONE;
    }
    // Flags for what follows: (?i)
    if (group[0].endsWith(')')) return NONE;
    if (++this.#depth > 32) throw new Unsafe('deeply nested groups');
    if (this.#text[this.#at] === '?') throw new Unsafe('a group of an unknown kind');
    const { worst, count } = this.alternatives();
    if (!this.#take(/\)/y)) throw new Unsafe('a group that is not closed');
    this.#depth--;
    const choices = count > 1 ? { ...worst, alternatives: worst.alternatives + 1 } : worst;
    return /^\(\?<?[=!]/.test(group[0]) ? looked(choices) : choices;
  }

  /** A class of characters. Where dialects differ in where it ends, it is refused. */
  #characters(): Choices {
    const found = this.#take(/\[\^?(?![\]])(?:[^\\[\]]|\\[\s\S])*\]/y);
    if (found && !found[0].includes('&&')) return ONE;
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

interface Item {
  readonly choices: Choices;
  /** Whether the whole fails where this does not match. */
  readonly mustMatch: boolean;
}

/** What can be matched, and after it an item: for each way to match the former the latter is tried. */
const following = (sum: Choices, { choices: item, mustMatch }: Item): Choices => ({
  endless: sum.endless + item.endless,
  optional: sum.optional + item.optional,
  alternatives: sum.alternatives + item.alternatives,
  fails: sum.fails || item.fails,
  tried: Math.max(sum.tried, mustMatch ? sum.endless + item.tried : item.tried),
  ways: sum.ways * item.ways,
  endlessWays: sum.endlessWays * item.ways + (sum.ways - sum.endlessWays) * item.endlessWays,
  work: sum.work + sum.ways * item.work,
  cost: sum.cost + sum.ways * item.cost + (mustMatch ? sum.endlessWays * item.work : 0),
});

/** One thing or another: a sequence around them meets the worst of both, and tries all of them. */
const larger = (a: Choices, b: Choices): Choices => ({
  endless: Math.max(a.endless, b.endless),
  optional: Math.max(a.optional, b.optional),
  alternatives: Math.max(a.alternatives, b.alternatives),
  fails: a.fails || b.fails,
  tried: Math.max(a.tried, b.tried),
  ways: a.ways + b.ways,
  endlessWays: a.endlessWays + b.endlessWays,
  work: a.work + b.work,
  cost: a.cost + b.cost,
});

function repeated(inner: Choices, least: number, most: number): Choices {
  if (most === Number.POSITIVE_INFINITY) {
    return { ...inner, endless: inner.endless + 1, endlessWays: inner.ways };
  }
  const work = inner.work * Math.max(1, most);
  if (least === most) return { ...inner, work };
  const ways = inner.ways + most - least;
  if (most > FEW) return { ...inner, endless: inner.endless + 1, ways, endlessWays: ways, work };
  return { ...inner, optional: inner.optional + 1, ways, work };
}

/** A look ahead or behind: an endless repetition in it is gone through each time, whether it fails or not. */
const looked = (inner: Choices): Choices => ({
  ...inner,
  tried: Math.max(inner.tried, inner.endless),
  cost: Math.max(inner.cost, inner.endlessWays),
});

/** Throws an InputError unless the pattern is sure to end in good time. @returns how many times the square of a text's length it may take */
export function demandSafePattern(pattern: string, label: string): number {
  try {
    if (pattern.length > MOST_LENGTH) throw new Unsafe(`${pattern.length} characters`);
    const reader = new Reader(pattern);
    const { cost, work } = reader.alternatives().worst;
    if (!reader.isAtEnd) throw new Unsafe('a bracket that closes nothing');
    if (work > MOST_WORK) throw new Unsafe('thousands of characters to try at each place');
    if (cost > MOST_PATTERN_COST)
      throw new Unsafe(`${cost} things to try for each length of an endless repetition`);
    return cost;
  } catch (error) {
    if (!(error instanceof Unsafe)) throw error;
    const shown = pattern.length > 80 ? `${pattern.slice(0, 79)}…` : pattern;
    throw new InputError(
      `${label}: the pattern ${JSON.stringify(shown)} may take for ever: found ${error.message}, expected a plain pattern as in published tokenizers.`,
      { hint: 'Use the tokenizer files of the published model.' },
    );
  }
}
