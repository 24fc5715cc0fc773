import { InputError } from '../math/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Reads fields of one config file and names file and field when one is off. */
export class Fields {
  readonly #json: Json;
  readonly #label: string;

  /** `label` names the file in messages. */
  constructor(json: Json, label: string) {
    this.#json = json;
    this.#label = label;
  }

  /** A positive whole number. */
  count(key: string, fallback?: number): number {
    const value = this.#json[key] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw this.#wrong(key, value, 'a positive whole number');
  }

  /** A positive number. */
  positive(key: string, fallback?: number): number {
    const value = this.#json[key] ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.#wrong(key, value, 'a positive number');
  }

  /** A list of whole numbers from 0 on. */
  indices(key: string, fallback: readonly number[]): readonly number[] {
    const value = this.#json[key] ?? fallback;
    if (Array.isArray(value) && value.every((index) => Number.isSafeInteger(index) && index >= 0))
      return value;
    throw this.#wrong(key, value, 'a list of whole numbers from 0 on');
  }

  /** One of a few words or numbers; what the config leaves out is `fallback`. */
  choice<T extends string | number>(key: string, known: readonly T[], fallback?: T): T {
    const value = this.#json[key] ?? fallback;
    const found = known.find((word) => word === value);
    if (found !== undefined) return found;
    throw this.#wrong(key, value, known.join(' or '));
  }

  #wrong(key: string, value: unknown, expected: string): InputError {
    return new InputError(
      `${this.#label}: "${key}" is ${JSON.stringify(value) ?? 'missing'}, expected ${expected}.`,
    );
  }
}

/** Columns of one attention head. Throws an InputError unless the heads divide the width. */
export function headDim(label: string, width: number, heads: number): number {
  if (width % heads === 0) return width / heads;
  throw new InputError(`${label}: ${heads} attention heads do not divide a width of ${width}.`);
}
