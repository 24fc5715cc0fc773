/** The part of a recording that a row is about, where a person named the columns of its beginning and end. */
import type { ColumnChoice } from '../../protocol/reading.ts';
import type { Json } from '../json-shapes.ts';
import { malformed, type RowProblem } from './problem.ts';

/** Seconds; absent: from the beginning, to the end. */
export interface Part {
  readonly start?: number;
  readonly end?: number;
}

/** Empty cells say nothing. */
export function partIn(item: Json, { start, end }: ColumnChoice): Part | RowProblem {
  const part: { start?: number; end?: number } = {};
  for (const [side, name] of [
    ['start', start],
    ['end', end],
  ] as const) {
    const written = name === undefined ? '' : (item[name] ?? '');
    if (written === '') continue;
    const seconds = secondsOf(written);
    if (seconds === undefined)
      return malformed(
        `Its ${side}, "${name}", is ${JSON.stringify(written)}; expected seconds, or a time as 00:16:16,059.`,
      );
    part[side] = seconds;
  }
  return part;
}

/** Seconds as a number, or hours, minutes and seconds as subtitles have them; undefined for anything else. */
export function secondsOf(written: unknown): number | undefined {
  const text = String(written).trim().replace(',', '.');
  if (!/^(?:\d+:){0,2}\d+(?:\.\d+)?$/.test(text)) return undefined;
  return text.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
