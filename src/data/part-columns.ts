/** Columns that say which part of a recording a row is about: from when to when. */
import type { Ask, ColumnChoice } from '../protocol/reading.ts';
import { END_NAMES, START_NAMES } from './column-names.ts';
import { textOf, type Values } from './column-values.ts';
import { secondsOf } from './entry/part.ts';
import type { HowRead } from './how-read.ts';
import type { Json } from './json-shapes.ts';
import { allOf } from './label-column.ts';

export type PartColumns = Pick<ColumnChoice, 'start' | 'end'>;

interface Found {
  readonly items: readonly Json[];
  readonly values: Values;
  /** The column of the recording. */
  readonly path: string;
  readonly how: HowRead;
}

/**
 * The columns of a beginning and an end, where several rows are about one recording. Where each row has a file of its own, that
 * may have been cut already: then it is asked.
 */
export function partColumns(names: readonly string[], { items, values, path, how }: Found): PartColumns {
  const start = allOf(START_NAMES, names).find((name) => areTimes(name, values));
  const end = allOf(END_NAMES, names).find((name) => areTimes(name, values));
  if (start === undefined || end === undefined) return {};
  const both = items.filter((item) => {
    const [from, to] = [secondsOf(item[start]), secondsOf(item[end])];
    return from !== undefined && to !== undefined && to > from;
  });
  if (both.length * 2 < items.length) return {};
  const files = new Set(both.map((item) => textOf(item[path])));
  if (files.size * 2 <= both.length) return { start, end };
  const [first] = both as [Json];
  const ask: Ask = {
    what: 'part',
    question: `Every row has a file of its own, and a ${start} and an ${end}: is the part between them meant, or was the file cut there already?`,
    choices: [
      {
        choice: 'part',
        rows: both.length,
        example: `${textOf(first[path])} from ${textOf(first[start])} to ${textOf(first[end])}`,
      },
      { choice: 'whole', rows: items.length, example: `all of ${textOf(first[path])}` },
    ],
  };
  return how.put(ask) === 'whole' ? {} : { start, end };
}

const areTimes = (name: string, values: Values): boolean =>
  values.share(name, (text) => secondsOf(text) !== undefined) === 1;
