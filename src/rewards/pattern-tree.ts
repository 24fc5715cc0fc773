/** What a pattern consists of, read from its parts; `pattern.ts` has refused what is not read here. */

/** Escapes, classes, the beginnings of groups, counts, and single characters. */
export const PART =
  /\\u[\dA-Fa-f]{4}|\\x[\dA-Fa-f]{2}|\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\(\?(?:<[=!]|[\s\S])|\{\d+(?:,\d*)?\}|[\s\S]/gu;

export type Tree =
  /** A character, a class of them, or ^ $ \b \B. */
  | { readonly part: string }
  | { readonly row: readonly Tree[] }
  | { readonly choices: readonly Tree[] }
  | { readonly repeated: Tree; readonly least: number; readonly most: number }
  /** `(?=` and `(?!` */
  | { readonly ahead: Tree; readonly isNot: boolean };

/** A search takes so many times the length of the text at most. */
export const MOST_PARTS = 4000;

/** The tree; undefined where it comes to more than `MOST_PARTS` once repeats are expanded. */
export function readPattern(parts: readonly string[]): Tree | undefined {
  const tree = readChoices([...parts].reverse());
  return sizeOf(tree) > MOST_PARTS ? undefined : tree;
}

/** Takes what it reads off the end of `rest`. */
function readChoices(rest: string[]): Tree {
  const choices = [readRow(rest)];
  while (rest.at(-1) === '|') {
    rest.pop();
    choices.push(readRow(rest));
  }
  return choices.length > 1 ? { choices } : choices[0]!;
}

function readRow(rest: string[]): Tree {
  const row: Tree[] = [];
  while (rest.length > 0 && rest.at(-1) !== '|' && rest.at(-1) !== ')') row.push(readRepeated(rest));
  return { row };
}

function readRepeated(rest: string[]): Tree {
  const repeated = readOne(rest);
  const count = countOf(rest.at(-1) ?? '');
  if (!count) return repeated;
  rest.pop();
  // Whether it takes as many or as few as it can matters to where a match ends, and not to whether there is one.
  if (rest.at(-1) === '?') rest.pop();
  return { repeated, ...count };
}

function countOf(part: string): { least: number; most: number } | undefined {
  if (part === '*') return { least: 0, most: Number.POSITIVE_INFINITY };
  if (part === '+') return { least: 1, most: Number.POSITIVE_INFINITY };
  if (part === '?') return { least: 0, most: 1 };
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}$/.exec(part) ?? [];
  if (least === undefined) return undefined;
  const upTo = comma ? Number(most || Number.POSITIVE_INFINITY) : Number(least);
  return { least: Number(least), most: upTo };
}

function readOne(rest: string[]): Tree {
  const part = rest.pop()!;
  if (!part.startsWith('(')) return { part };
  const inner = readChoices(rest);
  rest.pop();
  if (part === '(?=' || part === '(?!') return { ahead: inner, isNot: part === '(?!' };
  return inner;
}

function sizeOf(tree: Tree): number {
  const sum = (trees: readonly Tree[]): number => trees.reduce((size, each) => size + sizeOf(each), 1);
  if ('row' in tree) return sum(tree.row);
  if ('choices' in tree) return sum(tree.choices);
  if ('ahead' in tree) return 1 + sizeOf(tree.ahead);
  if ('part' in tree) return 1;
  const { least, most, repeated } = tree;
  return 1 + sizeOf(repeated) * Math.max(1, Number.isFinite(most) ? most : least);
}
