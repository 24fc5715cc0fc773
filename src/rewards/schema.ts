/**
 * Values of JSON against a JSON Schema, in the part of draft 2020-12 that the program in Python checks alike: the keywords below,
 * and no others. Numbers are doubles, lengths of texts are code points.
 */
import { InputError } from '../math/errors.ts';
import { commonPattern } from './pattern.ts';

export type Schema = boolean | { readonly [keyword: string]: unknown };

const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
/** Keywords that say nothing about a value. */
const NOTES = ['$schema', '$id', '$comment', 'title', 'description', 'default', 'examples'];
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isSchemas = (value: unknown): value is Schema[] => Array.isArray(value) && value.length > 0;

interface Keyword {
  /** Whether the schema's value is one that the keyword can have. */
  readonly takes: (wanted: unknown) => boolean;
  /** Schemas in it. */
  readonly inner?: (wanted: unknown) => readonly unknown[];
  readonly allows: (value: unknown, wanted: never, schema: Record<string, unknown>) => boolean;
}

const ofNumber = (holds: (value: number, bound: number) => boolean): Keyword => ({
  takes: (wanted) => typeof wanted === 'number',
  allows: (value, bound: number) => typeof value !== 'number' || holds(value, bound),
});
const ofLength = (
  lengthOf: (value: unknown) => number | null,
  holds: (length: number, bound: number) => boolean,
): Keyword => ({
  takes: isCount,
  allows: (value, bound: number) => {
    const length = lengthOf(value);
    return length === null || holds(length, bound);
  },
});
const ofSchemas = (holds: (fitting: number, all: number) => boolean): Keyword => ({
  takes: isSchemas,
  inner: (wanted) => wanted as unknown[],
  allows: (value, schemas: Schema[]) =>
    holds(schemas.filter((schema) => fitsSchema(value, schema)).length, schemas.length),
});
const atMost = (value: number, bound: number): boolean => value <= bound;
const atLeast = (value: number, bound: number): boolean => value >= bound;
const signsIn = (value: unknown): number | null => (typeof value === 'string' ? [...value].length : null);
const itemsIn = (value: unknown): number | null => (Array.isArray(value) ? value.length : null);

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type: {
    takes: (wanted) => [wanted].flat().every((type) => TYPES.includes(type as string)),
    allows: (value, wanted: string | string[]) => [wanted].flat().some((type) => isOfType(value, type)),
  },
  enum: {
    takes: Array.isArray,
    allows: (value, wanted: unknown[]) => wanted.some((one) => isEqual(value, one)),
  },
  const: { takes: () => true, allows: (value, wanted: unknown) => isEqual(value, wanted) },
  minimum: ofNumber(atLeast),
  maximum: ofNumber(atMost),
  exclusiveMinimum: ofNumber((value, bound) => value > bound),
  exclusiveMaximum: ofNumber((value, bound) => value < bound),
  minLength: ofLength(signsIn, atLeast),
  maxLength: ofLength(signsIn, atMost),
  pattern: {
    takes: (wanted) => typeof wanted === 'string' && commonPattern(wanted) !== null,
    allows: (value, wanted: string) => typeof value !== 'string' || commonPattern(wanted).test(value),
  },
  minItems: ofLength(itemsIn, atLeast),
  maxItems: ofLength(itemsIn, atMost),
  items: {
    takes: () => true,
    inner: (wanted) => [wanted],
    allows: (value, schema: Schema) =>
      !Array.isArray(value) || value.every((item) => fitsSchema(item, schema)),
  },
  required: {
    takes: (wanted) => Array.isArray(wanted) && wanted.every((name) => typeof name === 'string'),
    allows: (value, names: string[]) => !isRecord(value) || names.every((name) => Object.hasOwn(value, name)),
  },
  properties: {
    takes: isRecord,
    inner: (wanted) => Object.values(wanted as object),
    allows: (value, schemas: Record<string, Schema>) =>
      !isRecord(value) ||
      Object.entries(schemas).every(
        ([name, schema]) => !Object.hasOwn(value, name) || fitsSchema(value[name], schema),
      ),
  },
  additionalProperties: {
    takes: () => true,
    inner: (wanted) => [wanted],
    allows: (value, schema: Schema, { properties }) =>
      !isRecord(value) ||
      Object.keys(value).every(
        (name) => Object.hasOwn((properties as object) ?? {}, name) || fitsSchema(value[name], schema),
      ),
  },
  anyOf: ofSchemas((fitting) => fitting > 0),
  allOf: ofSchemas((fitting, all) => fitting === all),
  oneOf: ofSchemas((fitting) => fitting === 1),
  not: {
    takes: () => true,
    inner: (wanted) => [wanted],
    allows: (value, schema: Schema) => !fitsSchema(value, schema),
  },
};

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  return type === 'object' ? isRecord(value) : typeof value === type;
}

/** Whether two values of JSON are the same, whatever the order of names. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (!isRecord(a) || !isRecord(b)) return a === b;
  const names = Object.keys(a);
  const hasAll = names.every((name) => Object.hasOwn(b, name) && isEqual(a[name], b[name]));
  return hasAll && names.length === Object.keys(b).length;
}

/** Whether a value fits a schema that `readSchema` let through. */
export function fitsSchema(value: unknown, schema: Schema): boolean {
  if (typeof schema === 'boolean') return schema;
  return Object.entries(schema).every(([keyword, wanted]) => {
    const { allows } = KEYWORDS[keyword] ?? {};
    return allows === undefined || allows(value, wanted as never, schema);
  });
}

/** A schema out of its text. @throws InputError where it is no JSON, or says what is not checked */
export function readSchema(text: string): Schema {
  try {
    return checked(JSON.parse(text) as unknown, 'the schema');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError(`The JSON Schema cannot be read: ${error.message}.`, {
      hint: 'Write it as JSON: {"type": "object", "required": ["emotion"]}.',
    });
  }
}

function checked(schema: unknown, where: string): Schema {
  if (typeof schema === 'boolean') return schema;
  if (!isRecord(schema))
    throw unusable(`${where} is ${JSON.stringify(schema)}; expected an object or true or false`);
  for (const [name, wanted] of Object.entries(schema).filter(([name]) => !NOTES.includes(name))) {
    const keyword = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name] : undefined;
    if (!keyword) throw unusable(`${where} has ${JSON.stringify(name)}, which is not checked`);
    if (!keyword.takes(wanted)) throw unusable(`${where} has ${JSON.stringify(wanted)} as its ${name}`);
    for (const inner of keyword.inner?.(wanted) ?? []) checked(inner, `${name} of ${where}`);
  }
  return schema;
}

const unusable = (found: string): InputError =>
  new InputError(`In the JSON Schema, ${found}.`, {
    hint: `Keywords that are checked: ${Object.keys(KEYWORDS).join(', ')}.`,
  });
