/** What stands in the columns of a list, as texts that are not empty. */
import type { Json } from './json-shapes.ts';
import { cleanLabel, labelKey } from './labels.ts';

/** Rows that are looked at for what a column holds. */
const SAMPLE = 200;
const OPEN = '<answer>';

export const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value).trim()
    : '';

export const isNumber = (text: string): boolean => text !== '' && Number.isFinite(Number(text));

/** How two columns go together, over the rows in which both have a value. */
interface Pairing {
  readonly rows: number;
  /** Both say the same in every row. */
  readonly areEqual: boolean;
  /** A value of one always stands beside the same value of the other. */
  readonly isOneToOne: boolean;
  /** The most different values that either has. */
  readonly distinct: number;
}

export class Values {
  readonly #items: readonly Json[];
  readonly #known = new Map<string, readonly string[]>();

  constructor(items: readonly Json[]) {
    this.#items = items;
  }

  /** Of the first rows. */
  of(name: string): readonly string[] {
    const sample = () => this.#items.slice(0, SAMPLE).map((item) => textOf(item[name]));
    const known = this.#known.get(name) ?? sample().filter((text) => text !== '');
    this.#known.set(name, known);
    return known;
  }

  /** The share of the values that are so; 0 without any. */
  share(name: string, isSo: (text: string) => boolean): number {
    const values = this.of(name);
    return values.length === 0 ? 0 : values.filter(isSo).length / values.length;
  }

  /** Rows of the whole list that have a value, and how many different ones there are. */
  counts(name: string): { rows: number; distinct: number } {
    const all = this.#items.map((item) => textOf(item[name])).filter((text) => text !== '');
    return { rows: all.length, distinct: new Set(all.map(keyOf)).size };
  }

  pairing(a: string, b: string): Pairing {
    const [forth, back] = [new Map<string, string>(), new Map<string, string>()];
    let rows = 0;
    let [areEqual, isOneToOne] = [true, true];
    for (const item of this.#items) {
      const [x, y] = [keyOf(textOf(item[a])), keyOf(textOf(item[b]))];
      if (x === '' || y === '') continue;
      rows++;
      areEqual &&= x === y;
      isOneToOne &&= (forth.get(x) ?? y) === y && (back.get(y) ?? x) === x;
      forth.set(x, y);
      back.set(y, x);
    }
    return { rows, areEqual, isOneToOne, distinct: Math.max(forth.size, back.size) };
  }

  /** Some of its values, as people can read them. */
  example(name: string): string {
    const some = [...new Set(this.of(name).map(cleanLabel))].slice(0, 4);
    return some.map((text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)).join(', ');
  }
}

/** A label without its tags and its spelling. */
function keyOf(text: string): string {
  const open = text.indexOf(OPEN);
  const end = open < 0 ? -1 : text.indexOf('</answer>', open);
  return labelKey(end < 0 ? text : text.slice(open + OPEN.length, end));
}
