/**
 * The kinds of rows the config table is made of. A row states everything once: the zod schema that judges a value, and
 * the words that form, tooltip, command line, export and documentation print.
 */
import type { PaperId } from './papers.ts';
import { z } from './shapes.ts';

export const FIELD_GROUPS = [
  'Run',
  'Generation',
  'Rewards',
  'Loss',
  'Drift',
  'Optimizer',
  'Trained parts',
  'Prompt',
  'Pictures and videos',
  'Evaluation',
] as const;
export type FieldGroup = (typeof FIELD_GROUPS)[number];

/** `structure`: what no control of a form and no word of a command line writes, but other parts of the page do. */
export type FieldKind = 'int' | 'float' | 'choice' | 'flag' | 'list' | 'numbers' | 'text' | 'structure';

/** What every row says, whatever its kind. */
interface FieldWords {
  /** Plain words, as shown beside the control. */
  label: string;
  /** One or two sentences: what it does and which way to turn it. */
  help: string;
  /** TRL's (or the PEFT / transformers) argument of the same meaning, where one exists. */
  trl?: string;
  /** The paper that the option comes from. */
  paper?: PaperId;
  /** Of a choice: the papers that its words come from. */
  paperOf?: Readonly<Record<string, PaperId>>;
  /** Unit of the value, for example `tokens`; absent for pure numbers. */
  unit?: string;
  group: FieldGroup;
  /** One of the few settings shown without opening "All settings". */
  essential?: boolean;
}

export interface Field<T = unknown> extends FieldWords {
  kind: FieldKind;
  default: T;
  schema: z.ZodType<T>;
  /** The expectation as the end of a sentence: "a whole number from 2 to 64". */
  expected: string;
  nullable: boolean;
  /** Smallest and largest accepted number. */
  min?: number;
  max?: number;
  /** Accepted words, for `choice` and `list`. */
  choices?: readonly string[];
  /** What each of the words means, a sentence. */
  about?: Readonly<Record<string, string>>;
  /** Sane steps offered by the form for a value that spans decades. */
  ladder?: readonly number[];
}

interface NumberOptions extends FieldWords {
  min: number;
  max: number;
  ladder?: readonly number[];
}

function range(min: number, max: number): string {
  return Number.isFinite(max) ? `from ${min} to ${max}` : `of at least ${min}`;
}

function numberSchema(min: number, max: number): z.ZodNumber {
  const atLeast = z.number().min(min);
  return Number.isFinite(max) ? atLeast.max(max) : atLeast;
}

/** A whole number in [min, max]. */
export function int(options: NumberOptions & { default: number }): Field<number> {
  const schema = numberSchema(options.min, options.max).int();
  return {
    ...options,
    kind: 'int',
    nullable: false,
    schema,
    expected: `a whole number ${range(options.min, options.max)}`,
  };
}

/** A whole number in [min, max], or null for "off". */
export function intOrNull(options: NumberOptions & { default: number | null }): Field<number | null> {
  const schema = numberSchema(options.min, options.max).int().nullable();
  const expected = `a whole number ${range(options.min, options.max)}, or null`;
  return { ...options, kind: 'int', nullable: true, schema, expected };
}

/** A finite number in [min, max]. */
export function float(options: NumberOptions & { default: number }): Field<number> {
  const schema = numberSchema(options.min, options.max);
  return {
    ...options,
    kind: 'float',
    nullable: false,
    schema,
    expected: `a number ${range(options.min, options.max)}`,
  };
}

/** A finite number in [min, max], or null for "off" (or for what the help says null means). */
export function floatOrNull(options: NumberOptions & { default: number | null }): Field<number | null> {
  const schema = numberSchema(options.min, options.max).nullable();
  const expected = `a number ${range(options.min, options.max)}, or null`;
  return { ...options, kind: 'float', nullable: true, schema, expected };
}

/** One of a few words. */
export function choice<const C extends readonly string[]>(
  options: FieldWords & {
    choices: C;
    default: NoInfer<C[number]>;
    about?: Readonly<Record<NoInfer<C[number]>, string>>;
  },
): Field<C[number]> {
  const schema = z.enum([...options.choices]) as unknown as z.ZodType<C[number]>;
  return {
    ...options,
    kind: 'choice',
    nullable: false,
    schema,
    expected: `one of ${options.choices.join(', ')}`,
  };
}

/** Yes or no. */
export function flag(options: FieldWords & { default: boolean }): Field<boolean> {
  return { ...options, kind: 'flag', nullable: false, schema: z.boolean(), expected: 'true or false' };
}

/** Some of a few words, each at most once. */
export function list<const C extends readonly string[]>(
  options: FieldWords & { choices: C; default: readonly NoInfer<C[number]>[] },
): Field<readonly C[number][]> {
  const schema = z
    .array(z.enum([...options.choices]))
    .refine((words) => new Set(words).size === words.length) as unknown as z.ZodType<readonly C[number][]>;
  const expected = `a list without repeats out of ${options.choices.join(', ')}`;
  return { ...options, kind: 'list', nullable: false, schema, expected };
}

/** Names, each at most once: those of `choices`, and others that the run brings. */
export function names(
  options: FieldWords & { choices: readonly string[]; default: readonly string[]; pattern: RegExp },
): Field<readonly string[]> {
  const { pattern, ...row } = options;
  const schema = z
    .array(z.string().regex(pattern))
    .refine((words) => new Set(words).size === words.length) as unknown as z.ZodType<readonly string[]>;
  const expected = `a list without repeats out of ${options.choices.join(', ')} and the names of your own`;
  return { ...row, kind: 'list', nullable: false, schema, expected };
}

/** Plain data of a shape of its own. */
export function structure<T>(
  options: FieldWords & { schema: z.ZodType<T>; default: NoInfer<T>; expected: string },
): Field<Readonly<T>> {
  return { ...options, kind: 'structure', nullable: false } as Field<Readonly<T>>;
}

/** A list of finite numbers. */
export function numbers(options: FieldWords & { default: readonly number[] }): Field<readonly number[]> {
  const schema = z.array(z.number()) as unknown as z.ZodType<readonly number[]>;
  return { ...options, kind: 'numbers', nullable: false, schema, expected: 'a list of numbers' };
}

/** Free text, which may be empty. `check`: whether a text that is not empty can be used; `expected`: which can. */
export function optionalText(
  options: FieldWords & { check?: (text: string) => boolean; expected?: string },
): Field<string> {
  const { check = () => true, expected = 'any text', ...row } = options;
  const schema = z.string().refine((value) => value.trim() === '' || check(value));
  return { ...row, kind: 'text', default: '', nullable: false, schema, expected: `${expected}, or nothing` };
}

/** Free text, not empty. */
export function text(options: FieldWords & { default: string }): Field<string> {
  const schema = z.string().refine((value) => value.trim() !== '');
  return { ...options, kind: 'text', nullable: false, schema, expected: 'text that is not empty' };
}
