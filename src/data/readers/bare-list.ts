/** Lists without a header: a clip and its label in every line, as FERV39k, Kinetics and UCF101 have them. */
import type { CsvRecord } from '../csv.ts';
import { emotionOf } from '../emotion-words.ts';
import type { Beside, Entry } from '../known-entries.ts';
import { splitOfWord } from '../split-words.ts';

/** Lines that tell what the columns are. */
const SAMPLE = 50;

/** The lines as entries with a video, a label and perhaps a split; undefined where the first line is a header or names no clip. */
export function bareEntries(
  file: string,
  records: readonly CsvRecord[],
  beside: Beside,
): Entry[] | undefined {
  const [first] = records;
  if (!first || first.cells.length < 2) return undefined;
  const sample = records.slice(0, SAMPLE);
  const isClip = (column: number) => beside.isClip(first.cells[column]!, file);
  const share = (column: number, isSo: (cell: string) => boolean) =>
    sample.filter(({ cells }) => isSo(cells[column] ?? '')).length / sample.length;
  const columns = [...first.cells.keys()];
  const path = columns.find(
    (column) => isClip(column) && share(column, (cell) => beside.isClip(cell, file)) > 0.5,
  );
  if (path === undefined) return undefined;
  const others = columns.filter((column) => column !== path);
  const split = others.find((column) => share(column, (cell) => splitOfWord(cell) !== null) === 1);
  const labels = others.filter((column) => column !== split);
  const words = labels.filter(
    (column) => share(column, (cell) => cell !== '' && !Number.isFinite(Number(cell))) > 0.5,
  );
  const felt = words.filter((column) => share(column, (cell) => emotionOf(cell) !== undefined) > 0.5);
  const [label, ...more] = felt.length > 0 ? felt : words.length > 0 ? words : labels;
  // Of several columns that could be the label, none is chosen.
  if (label === undefined || more.length > 0) return undefined;
  return records.map(({ line, cells }) => ({
    row: line,
    item: {
      video: cells[path] ?? '',
      label: cells[label] ?? '',
      ...(split === undefined ? {} : { split: cells[split] }),
    },
  }));
}
