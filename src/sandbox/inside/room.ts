/** What a language is to the worker inside: a file opened, its functions called, its tests run. */
import type { SourceText } from '../wire.ts';

export interface Opened {
  /** Functions that can be rewards, in the order of the file. */
  readonly functions: readonly string[];
  readonly tests: readonly string[];
}

/** Each throws a Failure for what went wrong in the person's own code. */
export interface Room {
  open(source: SourceText): Promise<Opened>;
  /** What the function gave, as JSON of a Scored. */
  score(name: string, batch: string): Promise<unknown>;
  /** Runs a test; it throws where the test fails. */
  test(name: string): Promise<void>;
}

/** What a function gave; a value that is no number is said by its type. */
export interface Scored {
  readonly values: readonly (number | null | { readonly is: string })[] | { readonly is: string };
  readonly metrics: Readonly<Record<string, number>>;
  readonly extras: Readonly<Record<string, readonly unknown[]>>;
}
