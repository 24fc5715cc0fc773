/** What rows and columns do to a table, whatever a few of its values do. */
import { median } from '../math/stats.ts';

/** Sweeps over rows and columns; tables of times stand still after three. */
const SWEEPS = 10;

export interface Effects {
  readonly rows: readonly number[];
  /** Their median is 1. */
  readonly columns: readonly number[];
}

type Table = readonly (readonly number[])[];

const transposed = (table: Table): number[][] => table[0]!.map((_, j) => table.map((row) => row[j]!));

/** Of each row, the median of its values with their columns' effects taken out. */
const rowEffects = (table: Table, columns: readonly number[]): number[] =>
  table.map((row) => median(row.map((value, j) => value / columns[j]!)));

/** Positive values as products x_ij ≈ r_i c_j: Tukey's median polish (Exploratory Data Analysis, 1977), by factors instead of sums. */
export function medianPolish(table: Table): Effects {
  const columnwise = transposed(table);
  let columns = columnwise.map(() => 1);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const found = rowEffects(columnwise, rowEffects(table, columns));
    const middle = median(found);
    columns = found.map((effect) => effect / middle);
  }
  return { rows: rowEffects(table, columns), columns };
}
