/** Raters with a column each: the label that most of them give, or all. */
import { textOf } from './column-values.ts';
import type { HowRead } from './how-read.ts';
import type { Json } from './json-shapes.ts';
import { labelKey } from './labels.ts';
import { ratersAsk, UNANIMOUS } from './raters.ts';

/** What raters say of a row who have a column each. */
export class Votes {
  readonly #names: readonly string[];
  readonly #isUnanimous: boolean;

  constructor(names: readonly string[], items: readonly Json[], how: HowRead) {
    this.#names = names;
    this.#isUnanimous = false;
    if (names.length === 0) return;
    const all = items.map((item) => this.#words(item)).filter(({ length }) => length > 0);
    const unanimous = all.filter(areOne).length;
    if (unanimous === all.length) return;
    const settled = all.filter((words) => mostOf(words) !== undefined).length;
    this.#isUnanimous = how.put(ratersAsk(names.join(', '), { settled, unanimous })) === UNANIMOUS;
  }

  #words(item: Json): string[] {
    return this.#names.map((name) => textOf(item[name])).filter((text) => text !== '');
  }

  /** The label; without one, why. */
  of(item: Json): { readonly word: string } | { readonly word?: undefined; readonly why: string } {
    const words = this.#words(item);
    const word = this.#isUnanimous && !areOne(words) ? undefined : mostOf(words);
    if (word !== undefined) return { word };
    const what = this.#isUnanimous ? 'not all raters say the same' : 'no label has most votes';
    return { why: `${what} (${this.#names.map((name) => textOf(item[name])).join(', ')})` };
  }
}

const areOne = (words: readonly string[]): boolean => new Set(words.map(labelKey)).size === 1;

/** The label with more votes than any other; undefined for a tie. */
function mostOf(labels: readonly string[]): string | undefined {
  const counts = new Map<string, { word: string; count: number }>();
  for (const word of labels) {
    const votes = counts.get(labelKey(word)) ?? { word, count: 0 };
    counts.set(labelKey(word), { ...votes, count: votes.count + 1 });
  }
  const [first, second] = [...counts.values()].sort((a, b) => b.count - a.count);
  return first && first.count > (second?.count ?? 0) ? first.word : undefined;
}
