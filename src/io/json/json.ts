import { InputError } from '../../math/errors.ts';
import { JSON_DEPTH, type JsonFault, jsonFault } from './json-walk.ts';

export interface JsonRules {
  /** Refuses an object that has a key twice; without it the last one counts, as everywhere. */
  readonly uniqueKeys?: boolean;
  /** Reads NaN, Infinity and -Infinity, which Python writes, as null. */
  readonly nonFinite?: boolean;
}

/** Text → JSON object, or an InputError that names the file and the place. */
export function parseJsonObject(text: string, label: string, rules: JsonRules = {}): Record<string, unknown> {
  const value = parseJson(text, label, rules);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InputError(
    `${label}: expected a JSON object, found ${Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value}.`,
    { hint: 'Check that this is the file that its name says.' },
  );
}

/**
 * Text → JSON value, or an InputError that names the file, line and column of the first thing that is not JSON, or where
 * it is nested deeper than any reader of ours could follow.
 */
export function parseJson(text: string, label: string, rules: JsonRules = {}): unknown {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  // Walked before it is parsed: engines differ in whether their messages tell the place, and what is nested a hundred
  // thousand deep parses, but overflows the stack of whoever goes through it.
  const marks: [start: number, end: number][] = [];
  const walk = {
    uniqueKeys: rules.uniqueKeys ?? false,
    ...(rules.nonFinite
      ? { onNonFinite: (start: number, end: number) => void marks.push([start, end]) }
      : {}),
  };
  const fault = jsonFault(source, walk);
  if (fault) throw explain(fault, source, label);
  return JSON.parse(marks.length === 0 ? source : withNulls(source, marks));
}

function withNulls(source: string, marks: readonly (readonly [start: number, end: number])[]): string {
  const kept = marks.map(([start], i) => source.slice(marks[i - 1]?.[1] ?? 0, start));
  return [...kept, source.slice(marks.at(-1)?.[1] ?? 0)].join('null');
}

function explain(fault: JsonFault, source: string, label: string): InputError {
  const place = placeOf(source, fault.at);
  if (fault.kind === 'deep') {
    return new InputError(
      `${label}: found lists or objects nested more than ${JSON_DEPTH} deep at ${place}, expected fewer.`,
      { hint: 'Check that this is the file that its name says; no data set or model needs such a depth.' },
    );
  }
  if (fault.kind === 'twice') {
    return new InputError(`${label}: found the key ${shortened(fault.key)} a second time at ${place}.`, {
      hint: 'Which of the two counts is not said: download or export the file again, or remove one of them.',
    });
  }
  const isAfterComma =
    ['}', ']'].includes(source[fault.at] ?? '') && source.slice(0, fault.at).trimEnd().endsWith(',');
  const found =
    fault.at >= source.length
      ? 'the text ends too early'
      : isAfterComma
        ? `found a comma before "${source[fault.at]}", behind which nothing comes`
        : `found ${JSON.stringify(source.slice(fault.at, fault.at + 12))}`;
  return new InputError(`${label} is not JSON at ${place}: ${found}.`, {
    hint: 'Open the file in an editor that checks JSON and correct that place.',
  });
}

function placeOf(source: string, position: number): string {
  let line = 1;
  let start = 0;
  for (let at = source.indexOf('\n'); at >= 0 && at < position; at = source.indexOf('\n', start)) {
    line++;
    start = at + 1;
  }
  return `line ${line}, column ${position - start + 1}`;
}

const SHOWN_KEY = 80;

function shortened(key: string): string {
  return JSON.stringify(key.length > SHOWN_KEY ? `${key.slice(0, SHOWN_KEY)}…` : key);
}
