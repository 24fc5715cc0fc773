import { InputError } from '../math/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The largest extent that any published model has, and room above it; memory is asked for by these numbers. */
const MOST = 2 ** 24;
const MOST_LAYERS = 1024;

/** Reads fields of one config file and names file and field when one is off. */
export class Fields {
  readonly #json: Json;
  readonly #label: string;

  /** `label` names the file in messages. */
  constructor(json: Json, label: string) {
    this.#json = json;
    this.#label = label;
  }

  /** A positive whole number, no larger than `most`. */
  count(key: string, fallback?: number, most = MOST): number {
    const value = this.#json[key] ?? fallback;
    const whole = typeof value === 'number' && Number.isInteger(value) && value > 0;
    if (whole && value <= most) return value;
    throw this.#wrong(key, value, `a positive whole number${whole ? ` up to ${most}` : ''}`);
  }

  /** A number of layers or blocks. */
  layers(key: string, fallback?: number): number {
    return this.count(key, fallback, MOST_LAYERS);
  }

  /** A whole number that may be negative: an index from either end. */
  index(key: string, fallback: number): number {
    const value = this.#json[key] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw this.#wrong(key, value, 'a whole number');
  }

  /** The id of a token; undefined where the config names none. */
  tokenId(key: string): number | undefined {
    const value = this.#json[key] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#wrong(key, value, 'the id of a token, a whole number from 0 on');
  }

  /** True or false; undefined where the config says neither. */
  flag(key: string): boolean | undefined {
    const value = this.#json[key] ?? undefined;
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(key, value, 'true or false');
  }

  /** An object of its own; an empty one where the config has none. */
  object(key: string): Json {
    const value = this.#json[key] ?? {};
    if (isJson(value)) return value;
    throw this.#wrong(key, value, 'an object');
  }

  /** A positive number. */
  positive(key: string, fallback?: number): number {
    const value = this.#json[key] ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.#wrong(key, value, 'a positive number');
  }

  /** A number from 0 on; undefined where the config has none. */
  weight(key: string): number | undefined {
    const value = this.#json[key] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw this.#wrong(key, value, 'a number from 0 on');
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

/** Heads of a tower that came without a config: they are 64 wide in every published size. Throws an InputError for another width. */
export function publishedHeads(tower: string, kind: string, width: number): number {
  if (width % 64 === 0) return width / 64;
  throw new InputError(
    `The ${tower} inside the weights is ${width} wide, and nothing says how many attention heads it has.`,
    { hint: `Add "${kind}_config" to config.json, with its "num_attention_heads".` },
  );
}
