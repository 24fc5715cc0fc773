/** An entry by what its keys have in common with known names: case, spaces and signs tell none apart. */
import { squeezed } from '../column-names.ts';
import type { Json } from '../json-shapes.ts';

export class Fields {
  readonly #values = new Map<string, unknown>();

  /** Of two keys that are alike, the first that has a value counts. */
  constructor(item: Json) {
    for (const [name, value] of Object.entries(item)) {
      const key = squeezed(name);
      if (isGiven(value) && !this.#values.has(key)) this.#values.set(key, value);
    }
  }

  /** The value of a squeezed name; undefined where it is absent, null or empty. */
  of(name: string): unknown {
    return this.#values.get(name);
  }

  /** The names that have a value, squeezed, in the order of the entry. */
  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** The first text among the names, trimmed. */
  text(names: readonly string[]): string | undefined {
    const found = names.map((name) => this.#values.get(name)).find((value) => typeof value === 'string');
    return typeof found === 'string' ? found.trim() : undefined;
  }

  /** The first list among the names; a table's cell holds it as text. */
  list(names: readonly string[]): { readonly name: string; readonly list: readonly unknown[] } | undefined {
    for (const name of names) {
      const value = listIn(this.#values.get(name));
      if (value) return { name, list: value };
    }
    return undefined;
  }
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');

/** A list, or the list that a text of a cell writes, as JSON or as Python does. */
export function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as readonly unknown[];
  if (typeof value !== 'string' || !/^\s*\[[\s\S]*\]\s*$/.test(value)) return undefined;
  const parsed = jsonIn(value);
  return Array.isArray(parsed) ? (parsed as readonly unknown[]) : pythonList(value);
}

/** What a text of a cell writes in JSON; undefined for none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const PYTHON_TEXT = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g;

/** ['a', "it's"], a list of texts; undefined where anything else stands in it. */
function pythonList(text: string): string[] | undefined {
  const rest = text.replaceAll(PYTHON_TEXT, '').replaceAll(/[\s,]/g, '');
  if (rest !== '[]') return undefined;
  return [...text.matchAll(PYTHON_TEXT)].map(([, single, double]) =>
    (single ?? double ?? '').replaceAll(/\\(.)/g, '$1'),
  );
}
