/** Which column of a list says the split: by its name and by its values. */
import type { Split } from '../protocol/messages.ts';
import { LIKE_A_SPLIT, SPLIT_NAMES, SURE_SPLIT_NAMES, squeezed } from './column-names.ts';
import { textOf } from './column-values.ts';
import type { Json } from './json-shapes.ts';
import { allOf } from './label-column.ts';
import { splitOfWord } from './split-words.ts';

/** The column all of whose values are splits; by its name, or where it has more than one of them. */
export function splitColumn(
  names: readonly string[],
  items: readonly Json[],
): { split?: string; unused: string[] } {
  const isNamed = (name: string) => SPLIT_NAMES.includes(squeezed(name));
  const said = names.flatMap((name) => {
    const splits = splitsIn(name, items);
    if (splits === undefined) return [];
    return isNamed(name) || splits.size > 1 ? [name] : [];
  });
  const split = allOf(SURE_SPLIT_NAMES, names)[0] ?? allOf(SPLIT_NAMES, said)[0] ?? said[0];
  const unused = names.filter((name) => name !== split && (said.includes(name) || looksUnused(name, items)));
  return { ...(split === undefined ? {} : { split }), unused };
}

/** The splits that a column says; undefined where a value is none. */
function splitsIn(name: string, items: readonly Json[]): Set<Split> | undefined {
  const splits = new Set<Split>();
  for (const item of items) {
    const text = textOf(item[name]);
    const split = splitOfWord(text);
    if (split !== null) splits.add(split);
    else if (text !== '') return undefined;
  }
  return splits.size === 0 ? undefined : splits;
}

/** Named as splits are, or with splits among its few values. */
function looksUnused(name: string, items: readonly Json[]): boolean {
  const values = new Set<string>();
  for (const item of items) {
    values.add(textOf(item[name]));
    if (values.size > 20) return false;
  }
  values.delete('');
  if (values.size < 2) return false;
  return LIKE_A_SPLIT.test(squeezed(name)) || [...values].some((value) => splitOfWord(value) !== null);
}
